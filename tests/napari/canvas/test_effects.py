"""Effects as layers of a viewer: they lie on the image, belong to its plane, and leave it alone."""

import json

import numpy as np
import pytest
from napari.components import ViewerModel

from semsam_annotate.api import BadInput, CancelToken
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.effect_layers import chain_of, is_effect
from semsam_annotate.napari.canvas.effects import Effects
from semsam_annotate.napari.state.effect_chain import EffectStep, redone
from semsam_annotate.napari.state.effect_choice import VERBS, EffectChoice
from semsam_annotate.napari.state.session import AnnotationSession

PART = (60.0, 70.0)


@pytest.fixture
def effects_of(pump):
    made: list[Effects] = []

    def make(annotator: Annotator) -> Effects:
        made.append(Effects(annotator, pump))
        return made[-1]

    yield make
    for effects in made:
        effects.release()


@pytest.fixture
def effects(annotator, effects_of):
    return effects_of(annotator)


@pytest.fixture
def lines(annotator):
    lines: list[str] = []
    annotator.session.told.connect(lines.append)
    return lines


def finish(effects: Effects, pump) -> None:
    pump.until(lambda: not effects.busy)


def results(viewer: ViewerModel) -> list:
    return [layer for layer in viewer.layers if is_effect(layer)]


def world_corners(layer, plane: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    return np.array([layer.data_to_world((*plane, row, column)) for row in (0, size[0]) for column in (0, size[1])])


def test_without_a_mask_there_is_nothing_to_change(effects, annotator):
    assert effects.title is None
    with pytest.raises(BadInput, match="click on something"):
        effects.start(EffectChoice("blur"))
    annotator.viewer.layers.clear()
    assert effects.title is None


@pytest.mark.parametrize("kind", VERBS)
def test_every_effect_is_a_named_layer_above_the_image_which_stays_the_one_annotated(
    kind, effects, annotator, viewer, hand, pump, scene
):
    hand.click(PART)
    annotator.session.label("car", "wheel")
    image, active, picture = annotator.image, viewer.layers.selection.active, annotator.session.picture
    effects.start(EffectChoice(kind, (0, 0, 255)))
    assert effects.busy
    finish(effects, pump)
    (layer,) = results(viewer)
    assert layer.name == f"wheel of car {VERBS[kind]}"
    assert viewer.layers.index(layer) == viewer.layers.index(image) + 1
    assert annotator.image is image
    assert annotator.session.picture is picture
    assert viewer.layers.selection.active is active
    assert not annotator.session.candidate.empty
    assert np.array_equal(image.data, scene)
    assert effects.count == 1
    effects.take_away()
    assert not results(viewer)
    assert annotator.image is image


def test_layers_lie_on_a_rotated_scaled_sheared_stack_at_its_plane(ledger, worker, hand_of, effects_of, pump, scene):
    viewer = ViewerModel()
    image = viewer.add_image(
        np.stack([scene] * 3),
        rgb=True,
        scale=(5.0, 0.5, 0.25),
        rotate=np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]),
        translate=(7.0, 11.0, 13.0),
        shear=(0.0, 0.0, 0.2),
        affine=np.array([[1, 0, 0, 3], [0, 1, 0.1, 0], [0, 0, 2, -4], [0, 0, 0, 1]]),
        units=("um", "um", "um"),
    )
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    viewer.dims.set_current_step(0, 2)
    assert annotator.session.picture.plane == (2,)
    hand, effects = hand_of(annotator), effects_of(annotator)
    hand.click(image.data_to_world((2, *PART))[-2:])
    for kind in ("blur", "copy"):
        effects.start(EffectChoice(kind))
        finish(effects, pump)
    blurred, copy = results(viewer)
    assert blurred.data.shape == (1, 120, 160, 4)
    assert np.allclose(world_corners(blurred, (0,), (120, 160)), world_corners(image, (2,), (120, 160)))
    assert blurred.units == image.units
    rows, columns = np.nonzero(annotator.session.candidate.proposal.mask)
    first = (rows.min() - 2, columns.min() - 2)
    size = copy.data.shape[1:3]
    expected = [image.data_to_world((2, first[0] + r, first[1] + c)) for r in (0, size[0]) for c in (0, size[1])]
    assert np.allclose(world_corners(copy, (0,), size), expected)
    viewer.dims.set_current_step(0, 1)
    seen = blurred.get_value(image.data_to_world((1, *PART)), world=True)
    assert seen is None or not np.any(seen)  # not on other planes
    annotator.close()


def test_a_second_effect_contains_the_first_and_lies_above_it(effects, annotator, viewer, hand, pump, scene):
    hand.click(PART)
    for kind in ("recolour", "blur"):
        effects.start(EffectChoice(kind, (0, 0, 255)))
        finish(effects, pump)
    recoloured, blurred = results(viewer)
    assert [recoloured.name.split()[-1], blurred.name.split()[-1]] == ["recoloured", "blurred"]
    mask = annotator.session.candidate.proposal.mask
    assert recoloured.data[0, 0, 3] == 0  # what lies below is seen
    assert np.array_equal(recoloured.data[..., 3] > 0, (recoloured.data[..., :3] != scene).any(axis=-1))
    assert blurred.data[mask][:, 2].mean() > blurred.data[mask][:, 0].mean()  # blue as the first, not red as the scene
    assert np.array_equal(blurred.data[..., 3] > 0, (blurred.data[..., :3] != recoloured.data[..., :3]).any(axis=-1))
    assert np.array_equal(annotator.image.data, scene)
    for layer in (recoloured, blurred):
        steps = chain_of(layer)
        _, pixels = redone(annotator.session.picture.rgb, steps, CancelToken(), lambda share: None)
        assert np.array_equal(pixels, layer.data)
        assert tuple(EffectStep.from_json(json.loads(json.dumps(step.to_json()))) for step in steps) == steps
    assert [step.choice.kind for step in chain_of(blurred)] == ["recolour", "blur"]


def test_what_the_next_effect_starts_from_is_the_newest_or_what_a_person_takes(effects, viewer, hand, pump):
    def make(kind):
        effects.start(EffectChoice(kind, (0, 0, 255)))
        finish(effects, pump)
        return results(viewer)[-1]

    hand.click(PART)
    assert effects.source is None
    first, cut = make("recolour"), make("cut out")
    assert effects.source is first  # what is cut out is no picture
    assert effects.sources == [first]
    rows, columns = np.nonzero(cut.data[..., 3] == 255)
    assert cut.data[rows, columns, 2].mean() > cut.data[rows, columns, 0].mean()  # blue
    second = make("blur")
    assert effects.source is second
    effects.start_from(None)
    third = make("recolour")
    assert [len(chain_of(layer)) for layer in (first, second, third)] == [1, 2, 1]
    viewer.layers.selection.active = first  # in the list of layers
    assert effects.source is first
    viewer.layers.remove(first)
    assert effects.source is third
    viewer.layers.remove(second)  # others keep what they have
    assert len(chain_of(make("blur"))) == 2


def test_selected_masks_are_changed_together_when_none_is_shown(effects, annotator, viewer, hand, pump):
    for point in (PART, (35.0, 45.0)):
        hand.click(point)
        annotator.session.show_rung(0)
        annotator.session.label("car", "")
        annotator.actions["accept"]()
    first, second = annotator.session.accepted
    annotator.editing.select([first.id, second.id])
    assert effects.title == "car and 1 more"
    effects.start(EffectChoice("cut out"))
    finish(effects, pump)
    (layer,) = results(viewer)
    assert layer.name == "car and 1 more cut out"
    assert np.array_equal(layer.data[..., 3] == 255, first.mask | second.mask)


def test_what_comes_after_the_picture_changed_or_was_stopped_is_dropped(effects, annotator, viewer, hand, pump, scene):
    hand.click(PART)
    effects.start(EffectChoice("remove"))
    viewer.add_image(scene[:, ::-1].copy(), name="other")
    assert not effects.busy
    viewer.layers.selection.active = viewer.layers["scene"]
    hand.click(PART)
    effects.start(EffectChoice("remove"))
    effects.stop()
    effects.start(EffectChoice("blur"))
    finish(effects, pump)
    while not pump.waiting.empty():
        pump.waiting.get()()
    assert [layer.name.split()[-1] for layer in results(viewer)] == ["blurred"]


def test_a_refusal_is_one_line_and_the_next_effect_works(effects, annotator, viewer, hand, pump, lines):
    hand.click(PART)
    annotator.session.show_rung(len(annotator.session.candidate.ladder) - 1)
    assert annotator.session.candidate.proposal.mask.all()
    effects.start(EffectChoice("remove"))
    finish(effects, pump)
    assert "whole picture" in lines[-1]
    effects.start(EffectChoice("blur"))
    finish(effects, pump)
    assert len(results(viewer)) == 1


def test_effects_hide_while_another_picture_takes_the_place_of_theirs(
    effects, annotator, viewer, hand, pump, tmp_path, scene
):
    from PIL import Image

    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for path, pixels in zip(paths, (scene, scene[:, ::-1]), strict=True):
        Image.fromarray(pixels).save(path)
    annotator.open_files(paths)
    viewer.layers.remove("scene")
    hand.click(PART)
    effects.start(EffectChoice("blur"))
    finish(effects, pump)
    (layer,) = results(viewer)
    assert effects.source is layer
    lost: list[object] = []
    effects.changed.connect(lambda: lost.extend({effects.source} - {None, *effects.sources}))
    annotator.turn(1)
    assert not layer.visible
    assert effects.count == 0
    annotator.turn(-1)
    assert layer.visible
    assert effects.count == 1
    assert effects.source is layer
    assert lost == []


def test_after_release_nothing_is_heard(effects, annotator, viewer, hand, pump):
    hand.click(PART)
    heard: list[int] = []
    effects.start(EffectChoice("remove"))
    effects.release()
    effects.changed.connect(lambda: heard.append(1))
    hand.click((35.0, 45.0))
    assert not heard
    assert not results(viewer)
