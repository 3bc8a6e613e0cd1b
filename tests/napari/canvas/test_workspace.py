"""A window that was closed or killed opens where it was left; a damaged workspace is no workspace."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from PIL import Image as PillowImage

from semsam_annotate.annotations import Project
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.view import camera_of
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.workspace import Workspace
from semsam_annotate.napari.state.workspace_file import workspace_file, workspaces_of

PART = (60.0, 70.0)
"""(row, column) in the scene."""


@pytest.fixture
def folder(tmp_path, scene):
    for name, pixels in (("a", scene), ("b", scene[:, ::-1]), ("c", scene[::2])):
        PillowImage.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / f"{name}.png")
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    Project.create(tmp_path / "cars", objects=["car"], parts=["wheel"], images=paths).close()
    return tmp_path / "cars"


@pytest.fixture
def window(folder, worker):
    opened = []

    def open_again():
        for annotator in opened:
            annotator.close()
            annotator.session.ledger.close()
        annotator = Annotator(ViewerModel(), AnnotationSession(ProjectLedger.open(folder)), worker)
        annotator.open_project_images()
        opened.append(annotator)
        return annotator

    yield open_again
    for annotator in opened:
        annotator.close()


def test_image_view_selection_and_ladder_come_back(window, hand_of, folder):
    first = window()
    assert first.session.picture.name == "a"
    first.turn(1)
    hand = hand_of(first)
    hand.click((60.0, 89.0))
    hand.press("C")
    hand.click((60.0, 89.0))
    hand.click((35.0, 110.0), "Shift")
    hand.press("3")
    first.session.label("boat", "sail")
    first.editing.select([first.session.accepted[0].id])
    first.editing.mark([first.session.accepted[0].id], hidden=True, locked=True)
    camera_of(first.viewer).zoom = 7.5
    first.workspace().write(first.session.ledger.workspace)
    before = first.session.candidate
    again = window()
    assert again.session.picture.name == "b"
    assert again.session.candidate.prompt == before.prompt
    assert again.session.candidate.ladder == before.ladder
    assert (again.session.candidate.rung, again.session.candidate.effort) == (before.rung, before.effort)
    assert (again.session.choice.object, again.session.choice.part) == ("boat", "sail")
    assert again.editing.selected == first.editing.selected
    assert again.editing.hidden == again.editing.locked == {again.session.accepted[0].id}
    assert camera_of(again.viewer).zoom == 7.5
    mask = again.session.accept()
    assert again.session.ledger.record(mask.id).prompt == before.prompt


def test_the_most_useful_image_is_one_without_masks_then_the_hardest(window, hand_of):
    annotator = window()
    told = []
    annotator.session.told.connect(told.append)
    hand = hand_of(annotator)
    for name, row in (("a", "1"), ("b", "2"), ("c", "1")):
        assert annotator.session.picture.name == name
        hand.click((25.0, 70.0))
        hand.press(row)
        hand.press("Enter")
        hand.press("Shift-N")
    assert annotator.session.picture.name == "a"
    assert [path.stem for path in annotator.session.ledger.queue()] == ["a", "c", "b"]


def test_marks_of_every_image_come_back_and_are_shown(window, hand_of):
    first = window()
    hand, marked = hand_of(first), []
    for key in ("Enter", "C"):
        hand.click((60.0, 70.0))
        hand.press(key)
        marked.append(first.session.accepted[-1].id)
        first.editing.mark(marked[-1:], hidden=True, locked=True)
        assert not first.layers.accepted.data.any()
        first.turn(1)
    first.turn(-2)
    assert not first.layers.accepted.data.any()
    first.workspace().write(first.session.ledger.workspace)
    again = window()
    assert again.editing.hidden == again.editing.locked == set(marked)
    for id in marked:
        again.editing.delete([id])
        assert [mask.id for mask in again.session.accepted] == [id]
        assert not again.layers.accepted.data.any()
        again.turn(1)


@pytest.mark.parametrize("later", ["3 Enter", "C", "Enter Control-Z Control-Shift-Z"])
def test_a_mask_accepted_after_the_last_writing_is_not_offered_again(window, hand_of, later):
    first = window()
    hand = hand_of(first)
    hand.click((60.0, 70.0))
    hand.press("Enter")
    hand.click((60.0, 70.0))
    first.workspace().write(first.session.ledger.workspace)
    for key in later.split():
        hand.press(key)
    again = window()
    assert len(again.session.accepted) == 2
    assert again.session.candidate.empty


def test_clicked_again_where_a_mask_was_accepted_the_ladder_comes_back(window, hand_of):
    first = window()
    hand = hand_of(first)
    for _ in range(2):
        hand.click((60.0, 70.0))
        hand.press("Enter")
    hand.click((60.0, 70.0))
    first.workspace().write(first.session.ledger.workspace)
    assert window().session.candidate.ladder == first.session.candidate.ladder


@pytest.mark.parametrize("kept", [True, False])
def test_a_painted_mask_comes_back_unless_it_was_kept(window, hand_of, kept):
    first = window()
    first.actions["touch up"]()
    first.touch_layer.layer.paint([60, 70], 1)
    first.workspace().write(first.session.ledger.workspace)
    if kept:
        hand_of(first).press("Enter")
    again = window()
    assert len(again.session.accepted) == kept
    assert again.touch.active != kept


def test_without_a_workspace_the_first_image_opens(window):
    assert window().session.picture.name == "a"


def test_an_open_image_stays_and_the_list_is_there(window, scene):
    annotator = window()
    annotator.viewer.add_image(scene[::3], name="mine")
    annotator.open_project_images()
    assert annotator.session.picture.name == "mine"
    annotator.turn(1)
    assert annotator.session.picture.name == "b"


def test_an_image_that_changed_gets_nothing_of_the_old_one(window, hand_of, folder, tmp_path, scene):
    first = window()
    hand_of(first).click(PART)
    first.workspace().write(first.session.ledger.workspace)
    PillowImage.fromarray(255 - scene).save(tmp_path / "a.png")
    again = window()
    assert again.session.picture.name == "a"
    assert again.session.candidate.empty


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff\xfe", b'{"file": 3, "plane": 7, "view": [1]}', b"null", b'{"candidate": {"prompt": 4}}'],
)
def test_damage_is_no_workspace(window, content):
    first = window()
    first.session.ledger.workspace.parent.mkdir()
    first.session.ledger.workspace.write_bytes(content)
    assert window().session.picture.name == "a"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(["file", "plane", "view", "selected", "hidden", "candidate", "else"]), value=JSON)
def test_a_field_that_makes_no_sense_is_left_out(tmp_path_factory, name, value):
    path = tmp_path_factory.mktemp("w") / "somebody.json"
    path.write_text(json.dumps({name: value, "locked": ["x"]}))
    read = Workspace.read(path)
    assert read.locked == ("x",)
    kept = getattr(read, name, None)
    assert kept in (None, ()) or (list(kept) if isinstance(kept, tuple) else kept) == value


def test_everybody_has_a_file_of_their_own(tmp_path):
    people = ("ann", "bob", None, "../../etc/passwd", "ann b", "ann-b", "ann.b")
    names = [workspace_file(tmp_path, author) for author in people]
    assert len(set(names)) == len(people)
    assert all(path.parent == tmp_path / "workspaces" for path in names)
    for author, path in zip(people, names, strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(author))
    assert [workspaces_of(tmp_path, author) for author in people if author] == [
        [path] for author, path in zip(people, names, strict=True) if author
    ]


def test_the_next_image_is_ready_before_it_is_wanted(window, pump):
    annotator = window()
    ready = []
    annotator.worker.read.connect(ready.append)
    pump.until(lambda: bool(ready))
    assert ready[0].path.stem == "b"
    annotator.actions["done"]()
    assert annotator.session.picture.name == "b"
    assert annotator.session.picture.rgb is ready[0].rgb
    assert [row.state for row in annotator.images.rows] == ["done", "new", "new"]
    annotator.actions["skip"]()
    annotator.actions["done"]()
    assert annotator.images.settled == 3
    assert annotator.session.picture.name == "c"
    annotator.actions["most useful"]()
    assert annotator.session.picture.name == "c"
