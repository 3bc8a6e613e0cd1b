"""Letters that accept under a name: the project's own first, every class one, none twice; digits choose masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel

from semsam_annotate.annotations import ObjectClass, PartClass, Project
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.hotkeys import hotkeys
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession

PART = (60.0, 70.0)
"""(row, column) in the scene."""

NAMES = st.lists(st.text("abcdefé -", min_size=1).filter(str.strip), unique_by=str.strip, max_size=40)


@given(NAMES)
def test_every_class_has_a_letter_of_its_own_as_long_as_there_are_any(names):
    classes = [ObjectClass(name) for name in names]
    keys = hotkeys(classes)
    assert len({id(item) for item in keys.values()}) == len(keys) == min(len(classes), 26)
    assert all(len(key) == 1 and key.islower() for key in keys)
    assert list(hotkeys(classes[:3]).items()) == [item for item in keys.items() if item[1] in classes[:3]][:3]


def test_the_projects_own_hotkeys_win():
    classes = [ObjectClass("wagon"), PartClass("wheel", hotkey="w"), PartClass("door", hotkey="F1")]
    keys = hotkeys(classes)
    assert keys["w"].name == "wheel"
    assert keys["a"].name == "wagon"
    assert keys["d"].name == "door"


@given(NAMES, NAMES)
def test_a_letter_that_was_given_stays_whatever_names_join(names, others):
    before = hotkeys([PartClass(name) for name in names])
    joined = [*map(ObjectClass, others), *(PartClass(name, objects=("x",)) for name in names)]
    keys = hotkeys(joined, before)
    assert {letter: keys[letter].name for letter in before} == {letter: item.name for letter, item in before.items()}
    assert len({id(item) for item in keys.values()}) == len(keys) == min(len(joined), 26)


def test_letters_of_names_that_went_are_free_and_the_projects_own_are_not_given_twice():
    given = {"w": PartClass("wheel"), "d": PartClass("door"), "x": ObjectClass("gone")}
    keys = hotkeys([ObjectClass("wagon", hotkey="w"), ObjectClass("xylophone"), PartClass("wheel")], given)
    assert {letter: item.name for letter, item in keys.items()} == {"w": "wagon", "x": "xylophone", "h": "wheel"}


@pytest.fixture
def viewer(scene):
    viewer = ViewerModel()
    viewer.add_image(scene, name="scene")
    return viewer


@pytest.fixture
def annotator(viewer, tmp_path, worker):
    Project.create(tmp_path / "cars", objects=["car", "boat"], parts={"wheel": ["car"]}).close()
    ledger = ProjectLedger.open(tmp_path / "cars")
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    yield annotator
    annotator.close()
    ledger.close()


def test_a_letter_accepts_with_its_name_and_a_part_finds_its_object(annotator, hand_of):
    hand = hand_of(annotator)
    hand.click(PART)
    hand.press("2")
    hand.press("C")
    assert [(mask.object, mask.part) for mask in annotator.session.accepted] == [("car", None)]
    hand.click(PART)
    annotator.session.label("boat", "")
    hand.press("3")
    assert annotator.session.candidate.rung == 0
    hand.press("W")
    car, wheel = annotator.session.accepted
    assert (wheel.object, wheel.part, wheel.part_of) == ("car", "wheel", car.id)


def test_letters_before_a_click_say_what_to_do(annotator, hand_of):
    told = []
    annotator.session.told.connect(told.append)
    hand = hand_of(annotator)
    for key in ("C", "5"):
        hand.press(key)
        assert "click on something first" in told[-1]
    assert annotator.session.accepted == []


def test_layers_that_people_draw_in_keep_their_keys(annotator, hand_of, viewer):
    drawing = viewer.add_labels(np.zeros((120, 160), int))
    image = viewer.layers["scene"]
    assert "C" in {str(key) for key in image.keymap}
    assert {str(key) for key in drawing.keymap}.isdisjoint({"C", "W", "1"})
    annotator.session.ledger.learn("kayak", "")
    annotator.session.learn(LabelChoice("wagon", ""))
    assert {annotator.session.letters()[letter].name for letter in "cw"} == {"car", "wheel"}
    assert "K" in {str(key) for key in image.keymap}
    annotator.close()
    assert not image.keymap
