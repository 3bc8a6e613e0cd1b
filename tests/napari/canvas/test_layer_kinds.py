"""Image layers of every kind can be annotated: pixels, axes, transforms, units, pyramids; a click lands where it is."""

import dask.array
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.napari.canvas import levels
from semsam_annotate.napari.canvas.geometry import pixel_at
from semsam_annotate.napari.canvas.layers import AnnotationLayers, drawn_mask
from semsam_annotate.napari.canvas.picture_source import picture_of

PART = (60.0, 70.0)
"""(row, column) in the scene."""


def kinds(scene):
    """The scene as arrays of every kind, and how napari is told to show them."""
    grey = scene[..., 0]
    return {
        "rgb": (scene, {}),
        "rgba": (np.dstack([scene, np.full(grey.shape, 255, np.uint8)]), {}),
        "rgb 16 bits": (scene.astype(np.uint16) * 257, {}),
        "rgb float": (scene.astype(np.float32) / 255, {}),
        "grey": (grey, {}),
        "bool": (grey > 180, {}),
        "16 bits": (grey.astype(np.uint16) * 99, {}),
        "signed": (grey.astype(np.int32) - 200, {}),
        "half": (grey.astype(np.float16) / 7, {}),
        "float with gaps": (np.where(grey == 230, np.nan, grey / 3.0), {}),
        "float with infinity": (np.where(grey == 230, np.inf, grey / 3.0), {"contrast_limits": (0, 90)}),
        "fortran": (np.asfortranarray(grey), {}),
        "channels first": (np.stack([grey // 2, grey, 255 - grey, grey // 3, grey]), {"rgb": False}),
        "time and depth": (np.stack([np.stack([grey // 2, grey])] * 3), {"rgb": False}),
        "rgb stack": (np.stack([scene, scene[::-1]]), {"rgb": True}),
    }


@pytest.mark.parametrize("kind", list(kinds(np.zeros((1, 1, 3), np.uint8))))
def test_a_click_and_its_mask_on_every_kind_of_layer(annotate, hand_of, ledger, scene, kind):
    viewer = ViewerModel()
    data, shown = kinds(scene)[kind]
    image = viewer.add_image(data, scale=(2.0,) * (data.ndim - 1 if kind.startswith("rgb") else data.ndim), **shown)
    annotator = annotate(viewer)
    picture = annotator.session.picture
    assert (picture.size, picture.rgb.dtype, picture.own.shape) == ((120, 160), np.uint8, (120, 160, 3))
    assert len(picture.plane) == image.ndim - 2
    world = tuple(image.data_to_world((*picture.plane, *PART)))[-2:]
    hand_of(annotator).click(world)
    assert annotator.session.candidate.clicks[0].point == pytest.approx((70.0, 60.0))
    shown = annotator.session.candidate.proposal.mask
    assert shown[60, 70]
    assert np.array_equal(drawn_mask(annotator.layers.candidate), shown)
    mask = annotator.session.accept()
    assert ledger.record(mask.id).plane == picture.plane
    assert [other.id for other in ledger.masks(picture_of(image, viewer))] == [mask.id]


def test_channels_that_napari_splits_are_layers_of_their_own(annotate, scene):
    viewer = ViewerModel()
    layers = viewer.add_image(np.stack([scene[..., 0], scene[..., 1] // 2]), channel_axis=0)
    annotator = annotate(viewer)
    names = set()
    for layer in layers:
        viewer.layers.selection.active = layer
        names.add(annotator.session.picture.sha256)
    assert len(names) == 2


@pytest.mark.parametrize("data", [np.full((9, 9), np.nan), np.full((9, 9), np.inf), np.full((1, 1), 7)])
def test_layers_without_contrast_open(data):
    viewer = ViewerModel()
    image = viewer.add_image(data, contrast_limits=(0, 1))
    assert picture_of(image, viewer).rgb.shape == (*data.shape, 3)


sizes = st.floats(0.05, 20).flatmap(lambda size: st.sampled_from([size, -size]))
places = st.floats(-1000, 1000)
PLACED = st.fixed_dictionaries(
    {
        "scale": st.tuples(sizes, sizes),
        "translate": st.tuples(places, places),
        "rotate": st.floats(-180, 180),
        "shear": st.tuples(st.floats(-2, 2)),
        "affine": st.tuples(st.floats(-180, 180), places, places).map(
            lambda turn: np.array(
                [
                    [np.cos(turn[0]), -np.sin(turn[0]), turn[1]],
                    [1.3 * np.sin(turn[0]), 1.3 * np.cos(turn[0]), turn[2]],
                    [0, 0, 1],
                ]
            )
        ),
        "units": st.sampled_from([("pixel", "pixel"), ("um", "um"), ("mm", "mm")]),
    }
)


@given(PLACED, st.integers(0, 119), st.integers(0, 159))
def test_a_click_lands_on_its_pixel_however_the_layer_lies(annotate, hand_of, scene, placed, row, column):
    viewer = ViewerModel()
    image = viewer.add_image(scene, **placed)
    annotator = annotate(viewer)
    hand_of(annotator).click(tuple(image.data_to_world((row, column))), wait=False)
    assert annotator.session.candidate.clicks[0].point == pytest.approx((column, row), abs=1e-5)
    for drawn in annotator.layers.all:
        assert drawn.units == image.units
        for corner in ((0, 0), (119, 0), (row, column)):
            assert drawn.data_to_world(corner) == pytest.approx(image.data_to_world(corner), abs=1e-6)
    annotator.close()


@settings(max_examples=25, deadline=None)
@given(PLACED)
def test_clicks_and_drawn_pixels_of_a_level_lie_on_the_finest_however_the_layer_lies(placed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "LEVEL_PIXELS", 41 * 33)
        image = Image([np.zeros((123, 99)), np.zeros((41, 33))], multiscale=True, **placed)
        viewer = ViewerModel()
        viewer.add_layer(image)
        layers = AnnotationLayers(viewer)
        layers.lie_on(image)
        for row, column in ((0, 0), (40, 32), (7, 20)):
            middle = image.data_to_world((3 * row + 1, 3 * column + 1))  # of the nine fine pixels
            assert pixel_at(image, middle) == pytest.approx((column, row), abs=1e-4)
            for drawn in layers.all:
                assert drawn.data_to_world((row, column)) == pytest.approx(middle, abs=1e-4)


def test_a_plane_of_a_stack_with_scale_and_units_is_drawn_on(scene):
    viewer = ViewerModel()
    stack = np.stack([scene[..., 0]] * 4)
    placed = {"scale": (3.0, 0.5, 0.25), "translate": (10, 20, 30), "units": ("um", "um", "um")}
    image = viewer.add_image(stack, **placed)
    layers = AnnotationLayers(viewer)
    layers.lie_on(image)
    viewer.dims.set_current_step(0, 2)
    for drawn in layers.all:
        assert drawn.data_to_world((7, 9)) == pytest.approx(image.data_to_world((2, 7, 9))[1:])
        assert [str(unit) for unit in drawn.units] == ["micrometer", "micrometer"]


class Tiles:
    """Counts the tiles that are read."""

    def __init__(self) -> None:
        self.read = []

    def array(self, pixels, chunks, level=0):
        """The pixels as a dask array of chunks, each of which is noted when it is computed."""

        def note(block, block_info=None):
            if block_info:
                self.read.append((level, tuple(block_info[0]["chunk-location"])))
            return block

        return dask.array.from_array(pixels, chunks=chunks).map_blocks(note, dtype=pixels.dtype)


@pytest.fixture
def tiles():
    return Tiles()


def test_of_a_lazy_stack_only_the_plane_shown_is_computed_once(scene, tiles):
    stack = np.stack([scene[..., 0] // part for part in (1, 2, 3, 4, 5)])
    viewer = ViewerModel()
    image = viewer.add_image(tiles.array(stack, (1, 60, 80)), contrast_limits=(0, 255))
    viewer.dims.set_current_step(0, 3)
    tiles.read.clear()
    picture = picture_of(image, viewer)
    assert sorted(tiles.read) == [(0, (3, row, column)) for row in (0, 1) for column in (0, 1)]
    assert np.array_equal(picture.rgb[..., 0], stack[3])


def test_a_pyramid_is_annotated_at_full_resolution_and_planes_not_shown_stay_unread(annotate, hand_of, scene, tiles):
    grey = np.stack([scene[..., 0], scene[::-1, :, 0], scene[..., 1]])
    levels = [tiles.array(grey[:, ::step, ::step], (1, 60, 80), level) for level, step in enumerate((1, 2, 4))]
    viewer = ViewerModel()
    image = viewer.add_image(levels, multiscale=True, contrast_limits=(0, 255), scale=(1, 2, 2))
    viewer.dims.set_current_step(0, 0)
    tiles.read.clear()
    annotator = annotate(viewer)
    assert {place[0] for level, place in tiles.read if level == 0} == {0}
    assert annotator.session.picture.size == (120, 160)
    hand_of(annotator).click(tuple(image.data_to_world((0, *PART)))[-2:])
    assert annotator.session.candidate.clicks[0].point == pytest.approx((70.0, 60.0))
    assert np.array_equal(drawn_mask(annotator.layers.candidate), annotator.session.candidate.proposal.mask)


def test_a_layer_below_a_larger_stack_keeps_its_own_pixels(annotate, hand_of, scene):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((7, 300, 300), np.uint8))
    image = viewer.add_image(scene, translate=(11, 13))
    annotator = annotate(viewer)
    viewer.dims.set_current_step(0, 5)
    hand_of(annotator).click(tuple(image.data_to_world(PART)))
    assert annotator.session.candidate.clicks[0].point == pytest.approx((70.0, 60.0))
    assert annotator.session.picture.plane == ()


def test_a_rotated_stack_turns_in_its_own_plane(annotate, hand_of, scene):
    turn = np.eye(3)
    turn[1:, 1:] = [[0.8, -0.6], [0.6, 0.8]]
    viewer = ViewerModel()
    image = viewer.add_image(np.stack([scene[..., 0]] * 3), rotate=turn, shear=(0, 0, 0.4), scale=(5, 2, 3))
    assert isinstance(image, Image)
    viewer.dims.set_current_step(0, 1)
    annotator = annotate(viewer)
    hand_of(annotator).click(tuple(image.data_to_world((1, *PART)))[-2:])
    assert annotator.session.candidate.clicks[0].point == pytest.approx((70.0, 60.0))
    drawn = annotator.layers.candidate
    assert drawn.data_to_world(PART) == pytest.approx(image.data_to_world((1, *PART))[1:])
