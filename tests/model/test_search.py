"""Words and examples: phrases taken apart, matches ranked, sides by geometry, examples found again."""

import numpy as np
import pytest

from semsam_annotate.api import BadInput, Cancelled, CancelToken, Prompt, Vocabulary
from semsam_annotate.api.automatic import standing
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.phrases import Phrase, parse_phrase
from semsam_annotate.model.engine.search import pointed_at
from semsam_annotate.model.engine.settings import EngineSettings

OBJECTS, PARTS = ["car", "traffic light", "left shoe", "mirror"], ["wheel", "front door", "Top", "mirror"]
WORDS = Vocabulary(["leaf", "person"], ["lobe", "head"])


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("car", Phrase("car", "car", None)),
        ("the car", Phrase("car", "car", None)),
        ("Wheel", Phrase("Wheel", None, "wheel")),
        ("left wheel", Phrase("wheel", None, "wheel", ("left",))),
        ("top left wheel", Phrase("wheel", None, "wheel", ("top", "left"))),
        ("lower right front door", Phrase("front door", None, "front door", ("bottom", "right"))),
        ("wheel of the car", Phrase("wheel of car", "car", "wheel")),
        ("left wheel of a car", Phrase("wheel of car", "car", "wheel", ("left",))),
        ("car wheel", Phrase("car wheel", "car", "wheel")),
        ("right car front door", Phrase("car front door", "car", "front door", ("right",))),
        ("left shoe", Phrase("left shoe", "left shoe", None)),
        ("right left shoe", Phrase("left shoe", "left shoe", None, ("right",))),
        ("top", Phrase("top", None, "Top")),
        ("mirror", Phrase("mirror")),
        ("strange thing", Phrase("strange thing")),
        ("left strange thing", Phrase("strange thing", sides=("left",))),
        ("hinge of the gate", Phrase("hinge of gate", "gate", "hinge")),
        ("the", Phrase("the")),
        ("left", Phrase("left")),
    ],
)
def test_phrases(text, phrase):
    assert parse_phrase(text, OBJECTS, PARTS) == phrase


@pytest.fixture(scope="module")
def packaged():
    engine = open_engine("default", "cpu", EngineSettings())
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def discs():
    """(96, 160, 3): two discs of one look, left and right, and a bar below."""
    rows, columns = np.mgrid[:96, :160]
    image = np.full((96, 160, 3), (50, 70, 60), np.uint8)
    for x in (40, 120):
        image[np.hypot(rows - 36, columns - x) < 22] = (220, 90, 60)
    image[76:88, 20:140] = (80, 120, 220)
    return image


def test_everything_is_ranked_and_a_second_text_searches_nothing_anew(packaged, discs, monkeypatch):
    handle = packaged.encode(discs)
    first = packaged.find(handle, "leaf", WORDS)
    assert len(first) == len(standing(packaged.auto_stream(handle)))
    for proposal in first:
        assert {name for name, _ in proposal.object_labels} == set(WORDS.objects)
    monkeypatch.setattr(type(packaged), "auto_stream", None)
    second = packaged.find(handle, "head of a person", WORDS)
    assert sorted(one.rle["counts"] for one in first) == sorted(one.rle["counts"] for one in second)
    strange = packaged.find(handle, "né 中", WORDS)
    assert "né 中" in dict(strange[0].object_labels)
    assert "né 中" in dict(strange[0].part_labels)


def test_sides_order_the_matches(packaged, discs):
    handle = packaged.encode(discs)
    middles = {side: centre(packaged.find(handle, f"{side} thing")[0]) for side in ("left", "right", "top", "bottom")}
    assert middles["left"][0] <= middles["right"][0]
    assert middles["top"][1] <= middles["bottom"][1]
    assert middles["left"] != middles["right"]


def centre(proposal):
    x0, y0, x1, y1 = proposal.box
    return (x0 + x1) / 2, (y0 + y1) / 2


def test_a_text_prompt_is_a_click_into_its_best_match(packaged, discs):
    handle = packaged.encode(discs)
    found = packaged.find(handle, "left leaf", WORDS)
    ladder = packaged.propose(handle, Prompt(text="left leaf"), WORDS)
    asked = pointed_at(Prompt(text="left leaf"), found)
    assert found[0].mask[int(asked.points[0][1]), int(asked.points[0][0])]
    assert [rung.rle for rung in ladder] == [rung.rle for rung in packaged.propose(handle, asked, WORDS)]


def test_text_yields_to_clicks_that_no_match_agrees_with(packaged, discs):
    found = packaged.find(packaged.encode(discs), "leaf", WORDS)
    everywhere = [(x, y) for x in range(0, 160, 4) for y in range(0, 96, 4)]
    prompt = Prompt([(40, 36), *everywhere], [1, *[0] * len(everywhere)], text="leaf")
    assert pointed_at(prompt, found) == Prompt(prompt.points, prompt.labels)
    inside = Prompt([(40, 36)], text="leaf")
    agreeing = pointed_at(inside, found).points[1:]
    held = [one for one in found if one.mask[36, 40]]
    assert len(agreeing) == min(1, len(held))


def test_an_example_finds_its_twin_and_itself(packaged, discs):
    handle = packaged.encode(discs)
    disc = np.hypot(*(np.mgrid[:96, :160] - np.array([36, 40])[:, None, None])) < 22
    example = max(packaged.propose(handle, Prompt([(40, 36)])), key=lambda rung: overlap(rung.mask, disc))
    everything = packaged.alike(handle, example, threshold=0)
    assert len(everything) == len(standing(packaged.auto_stream(handle)))
    assert any(overlap(one.mask, example.mask) > 0.7 for one in everything[:3])
    some = packaged.alike(handle, example.mask)
    assert [one.rle for one in some] == [one.rle for one in everything[: len(some)]]
    assert packaged.alike(handle, example, threshold=1.0) == [] or len(some) >= 1
    mirrored = packaged.encode(np.ascontiguousarray(discs[:, ::-1]))
    elsewhere = packaged.alike(mirrored, example, source=handle, threshold=0)
    assert any(overlap(one.mask[:, ::-1], example.mask) > 0.7 for one in elsewhere[:4])


def test_a_mask_of_the_search_is_most_like_itself_here_and_in_a_copy(packaged, discs):
    handle = packaged.encode(discs)
    noisy = np.clip(discs + np.random.default_rng(0).integers(-2, 3, discs.shape), 0, 255).astype(np.uint8)
    copy = packaged.encode(noisy)
    for example in standing(packaged.auto_stream(handle))[:4]:
        assert packaged.alike(handle, example, threshold=0)[0].rle == example.rle
        assert len(packaged.alike(handle, example.mask)) >= 1
        elsewhere = packaged.alike(copy, example, source=handle, threshold=0)
        assert max(overlap(one.mask, example.mask) for one in elsewhere[:3]) > 0.7


def test_searches_can_be_cancelled(packaged, discs):
    handle = packaged.encode(np.ascontiguousarray(discs[::-1]))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        packaged.find(handle, "leaf", cancel=token)
    with pytest.raises(Cancelled):
        packaged.alike(handle, np.ones(discs.shape[:2], bool), cancel=token)
    with pytest.raises(Cancelled):
        packaged.propose_many(handle, [Prompt(text="leaf")], cancel=token)
    assert packaged.find(handle, "leaf")


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def test_bad_examples_and_models_without_words(packaged, discs, weights_of):
    handle = packaged.encode(discs)
    with pytest.raises(BadInput, match="96x160 bool mask"):
        packaged.alike(handle, np.ones((3, 3), bool))
    with pytest.raises(BadInput, match="at least one pixel"):
        packaged.alike(handle, np.zeros((96, 160), bool))
    silent = open_engine(str(weights_of(objects=(), parts=())), "cpu", EngineSettings())
    assert "text" not in silent.info.capabilities
    handle = silent.encode(discs)
    with pytest.raises(BadInput, match="not trained to name"):
        silent.find(handle, "leaf")
    with pytest.raises(BadInput, match="not trained to name"):
        silent.propose(handle, Prompt(text="leaf"))
    assert len(silent.alike(handle, np.ones((96, 160), bool), threshold=0)) >= 1
