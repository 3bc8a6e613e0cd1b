"""Proposals as regions: shapes that Label Studio accepts, parts hung to what holds them."""

import numpy as np
import pytest

from semsam_annotate.api import Ladder, Proposal, Tree, TreeNode, Vocabulary
from semsam_annotate.backend.label_studio.accepted import read_regions
from semsam_annotate.backend.label_studio.brush_rle import decode_brush
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.regions import (
    certainty,
    label_of,
    ladder_candidates,
    prediction,
    tree_candidates,
)

LABELS = '<Label value="car"/><Label value="dog"/><Label value="car:wheel"/><Label value="dog:ear"/>'
CONFIG = parse_config(
    f'<View><Image name="image" value="$image"/><BrushLabels name="brush" toName="image">{LABELS}</BrushLabels>'
    '<Choices name="level" toName="image" perRegion="true"><Choice value="1"/><Choice value="6"/></Choices>'
    '<Number name="granularity" toName="image" perRegion="true"/>'
    '<TextArea name="part_name" toName="image" perRegion="true"/></View>'
)


def rung(size: int, level: int, part: float, objects=(), parts=(), score=0.5) -> Proposal:
    mask = np.zeros((20, 30), bool)
    mask[:size, :size] = True
    return Proposal(
        id=f"p{level}", model="m", score=score, stability=1, level=level, box=(0, 0, size, size), mask=mask,
        part_probability=part, object_labels=objects, part_labels=parts,
    )  # fmt: skip


WHEEL = rung(4, 6, 0.9, [("car", 0.7), ("dog", 0.2)], [("wheel", 0.5), ("ear", 0.4)])
DOOR = rung(8, 4, 0.8, [("car", 0.7), ("dog", 0.2)], [("ear", 0.5), ("wheel", 0.3)])
CAR = rung(16, 1, 0.1, [("car", 0.6), ("dog", 0.3)], score=0.9)


def test_a_ladder_as_a_tree_of_regions():
    candidates = ladder_candidates(Ladder([CAR, WHEEL, DOOR]), CONFIG)
    answer = prediction(candidates, CONFIG, "v1")
    brushes = [item for item in answer["result"] if item["type"] == "brushlabels"]
    assert answer["result"][: len(brushes)] == brushes, "extras come after every mask"
    assert [item["value"]["brushlabels"] for item in brushes] == [["car"], ["car:wheel"], ["car:wheel"]]
    assert "parentID" not in brushes[0]
    assert brushes[1]["parentID"] == brushes[0]["id"]
    assert brushes[2]["parentID"] == brushes[1]["id"]
    notes = [item["meta"]["text"] for item in brushes]
    assert [len(note) for note in notes] == [1, 1, 1], "Label Studio shows several texts with nothing between them"
    assert [note[0].split(" · ")[0] for note in notes] == ["level 1", "level 4", "level 6"]
    assert notes[0][0].endswith("object car 0.60")
    assert answer["score"] == 0.9
    for item, candidate in zip(brushes, candidates, strict=True):
        assert (decode_brush(item["value"]["rle"], 20, 30) == candidate.proposal.mask).all()
    extras = answer["result"][len(brushes) :]
    assert {item["id"] for item in extras} <= {item["id"] for item in brushes}
    assert [item["value"] for item in extras if item["type"] == "choices"] == [{"choices": ["1"]}, {"choices": ["6"]}]
    assert [item["value"] for item in extras if item["type"] == "number"] == [{"number": n} for n in (1, 4, 6)]
    assert [item["value"] for item in extras if item["type"] == "textarea"] == [{"text": ["ear"]}, {"text": ["wheel"]}]


@pytest.mark.parametrize(("mask", "label", "sure"), [(CAR, "car", 0.6), (WHEEL, "car:wheel", 0.5 * 0.7)])
def test_a_part_is_as_sure_as_part_and_object_together(mask, label, sure):
    assert label_of(mask, CONFIG).value == label
    assert certainty(mask, label_of(mask, CONFIG)) == pytest.approx(sure)


def test_kinds_and_models_without_names_are_not_judged():
    generic = parse_config(
        '<View><Image name="image" value="$image"/><BrushLabels name="brush" toName="image">'
        '<Label value="Object"/><Label value="dog"/></BrushLabels></View>'
    )
    assert [certainty(CAR, label) for label in generic.brush().labels] == [1.0, 0.3]
    nameless = rung(16, 1, 0.1)
    assert label_of(nameless, generic).value == "Object"
    assert [certainty(nameless, label) for label in CONFIG.brush().labels] == [1.0] * 4


def test_the_selected_label_wins_for_its_kind():
    candidates = ladder_candidates(Ladder([CAR, WHEEL]), CONFIG)
    labels = [item["value"]["brushlabels"][0] for item in prediction(candidates, CONFIG, "v", "dog")["result"][:2]]
    assert labels == ["dog", "car:wheel"]
    labels = [item["value"]["brushlabels"][0] for item in prediction(candidates, CONFIG, "v", "dog:ear")["result"][:2]]
    assert labels == ["car", "dog:ear"]


@pytest.mark.parametrize("selected", [None, "unknown", "Object", "Part"])
def test_generic_labels_say_the_kind(selected, body_of):
    config = parse_config(body_of("setup_post")["schema"], Vocabulary(["car"], ["wheel"]))
    answer = prediction(ladder_candidates(Ladder([CAR, WHEEL]), config), config, "v", selected)
    assert [item["value"]["brushlabels"][0] for item in answer["result"][:2]] == ["Object", "Part"]


def test_without_labels_for_parts_everything_is_an_object():
    text = (
        '<View><Image name="i" value="$i"/><BrushLabels name="b" toName="i"><Label value="cell"/></BrushLabels></View>'
    )
    config = parse_config(text)
    answer = prediction(ladder_candidates(Ladder([CAR, WHEEL]), config), config, "v")
    assert [(item["value"]["brushlabels"], item.get("parentID")) for item in answer["result"]] == [(["cell"], None)] * 2


def test_a_tree_keeps_its_parents_and_its_bound():
    root = TreeNode(rung(16, 1, 0.1, score=0.9))
    middle = TreeNode(rung(8, 4, 0.9, score=0.1), root)
    leaf = TreeNode(rung(4, 6, 0.9, score=0.8), middle)
    whole = {node.proposal.level: node for node in tree_candidates(Tree([root]), 10)}
    assert whole[6].parent == whole[4].id
    assert whole[4].parent == whole[1].id
    bounded = tree_candidates(Tree([root]), 2)
    assert [candidate.proposal for candidate in bounded] == [root.proposal, leaf.proposal]
    assert bounded[1].parent == bounded[0].id
    assert prediction([], CONFIG, "v") == {"result": [], "score": 0.0, "model_version": "v"}


def test_prelabels_leave_some_of_the_image_to_click_on():
    whole = rung(30, 1, 0.1, score=0.9)
    root = TreeNode(whole)
    thing = TreeNode(rung(16, 3, 0.1, score=0.2), root)
    found = tree_candidates(Tree([root]), 10)
    assert [(candidate.proposal, candidate.parent) for candidate in found] == [(thing.proposal, None)]
    alone = tree_candidates(Tree([TreeNode(whole)]), 10)
    assert [candidate.proposal for candidate in alone] == [whole], "an empty prediction would say nothing was tried"


def test_a_control_for_scores_gets_them_and_is_read_again():
    text = (
        '<View><Image name="image" value="$image"/><BrushLabels name="brush" toName="image"><Label value="car"/>'
        '</BrushLabels><Number name="score" toName="image" perRegion="true"/></View>'
    )
    config = parse_config(text)
    answer = prediction(ladder_candidates(Ladder([CAR]), config), config, "v1")["result"]
    assert [item["value"] for item in answer if item["type"] == "number"] == [{"number": 0.9}]
    for item in answer:
        item.pop("score", None)
    assert [region.score for region in read_regions(answer, config, 20, 30)] == [0.9]


def test_a_child_of_what_is_not_wanted_hangs_to_the_next_one_up():
    root = TreeNode(rung(16, 1, 0.1, score=0.9))
    middle = TreeNode(rung(8, 4, 0.9, score=0.1), root)
    TreeNode(rung(4, 6, 0.9, score=0.8), middle)
    whole, leaf = tree_candidates(Tree([root]), 10, lambda mask: mask.score > 0.5)
    assert (leaf.proposal.level, leaf.parent) == (6, whole.id)
    assert tree_candidates(Tree([root]), 10, lambda _: False) == []


def test_labels_that_the_config_does_not_have_are_never_sent():
    horse = rung(16, 1, 0.1, [("horse", 0.99)], score=0.9)
    mane = rung(4, 6, 0.9, [("horse", 0.99)], [("mane", 0.99)])
    answer = prediction(ladder_candidates(Ladder([horse, mane]), CONFIG), CONFIG, "v")
    sent = {item["value"]["brushlabels"][0] for item in answer["result"] if item["type"] == "brushlabels"}
    assert sent <= {"car", "dog", "car:wheel", "dog:ear"}
