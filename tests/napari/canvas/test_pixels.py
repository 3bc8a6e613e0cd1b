"""Layers of every kind become RGB as a person sees them; positions become pixels whatever the layer's transform."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.geometry import pixel_at, plane_of, plane_transform, to_rows_columns
from semsam_annotate.napari.canvas.pixels import rgb_plane

numbers = st.floats(-50, 50)


def test_colour_of_eight_bits_is_taken_as_it_is(scene):
    assert np.array_equal(rgb_plane(scene, rgb=True), scene)
    alpha = np.dstack([scene, np.full(scene.shape[:2], 9, np.uint8)])
    assert np.array_equal(rgb_plane(alpha, rgb=True), scene)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, bool])
def test_grey_of_any_type_fills_the_range_of_its_contrast_limits(dtype):
    ramp = np.linspace(0, 1, 256).reshape(16, 16)
    data = (ramp * (1 if dtype in (np.float32, bool) else 100)).astype(dtype)
    rgb = rgb_plane(data, rgb=False)
    assert rgb.dtype == np.uint8
    assert rgb.shape == (16, 16, 3)
    assert (rgb.min(), rgb.max()) == (0, 255)
    assert np.array_equal(rgb[..., 0], rgb[..., 2])


def test_contrast_limits_clip_and_nan_is_black():
    rgb = rgb_plane(np.array([[-5.0, 0.0, 5.0, 10.0, 99.0, np.nan]]), rgb=False, contrast_limits=(0, 10))
    assert rgb[0, :, 0].tolist() == [0, 0, 128, 255, 255, 0]


def test_a_flat_image_and_one_pixel_work():
    assert rgb_plane(np.full((1, 1), 7, np.uint16), rgb=False).shape == (1, 1, 3)


def test_planes_of_a_stack_and_what_is_refused(scene):
    stack = np.stack([scene, scene[::-1]])
    assert np.array_equal(rgb_plane(stack, rgb=True, plane=(1,)), scene[::-1])
    for plane in ((), (2,), (0, 0)):
        with pytest.raises(BadInput):
            rgb_plane(stack, rgb=True, plane=plane)
    with pytest.raises(BadInput, match="no pixels"):
        rgb_plane(np.zeros((0, 5)), rgb=False)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0.1, 20), st.floats(0.1, 20), numbers, numbers, st.floats(-180, 180), st.floats(0, 30), st.floats(0, 20)
)
def test_positions_survive_scale_translation_and_rotation(sy, sx, ty, tx, angle, x, y):
    layer = Image(np.zeros((21, 31)), scale=(sy, sx), translate=(ty, tx), rotate=angle)
    assert pixel_at(layer, layer.data_to_world((y, x))) == pytest.approx((x, y), abs=1e-6)
    drawn = Image(np.zeros((21, 31)), **plane_transform(layer))
    assert drawn.data_to_world((y, x)) == pytest.approx(layer.data_to_world((y, x)), abs=1e-6)


def test_the_plane_of_a_stack_follows_scale_and_slider():
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((5, 8, 9)), scale=(2.5, 1, 1))
    viewer.dims.set_current_step(0, 3)
    assert plane_of(layer, viewer.dims.point) == (3,)


def test_points_swap_to_rows_and_columns():
    assert to_rows_columns([(3, 4)]).tolist() == [[4, 3]]
    assert to_rows_columns([]).shape == (0, 2)
