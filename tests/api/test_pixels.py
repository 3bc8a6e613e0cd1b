"""Any pixels become 8-bit RGB, and the record says how."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semsam_annotate.api import BadInput
from semsam_annotate.api.pixels import conversion_of, to_rgb

shapes = st.one_of(
    st.tuples(st.integers(1, 6), st.integers(1, 6)), st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 7))
)
types = st.sampled_from([np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64, bool])


@given(pixels=st.tuples(types, shapes).flatmap(lambda kind: arrays(kind[0], kind[1])))
def test_any_numbers_become_rgb_or_are_refused_by_name(pixels):
    used = pixels.reshape(*pixels.shape[:2], -1)[..., : 3 if pixels.shape[2:] == (4,) else None]
    if not np.isfinite(used).any((0, 1)).all():
        with pytest.raises(BadInput, match="no finite value"):
            to_rgb(pixels)
        return
    rgb, conversion = to_rgb(pixels)
    assert rgb.dtype == np.uint8
    assert rgb.shape == (*pixels.shape[:2], 3)
    assert np.array_equal(conversion.apply(pixels), rgb)
    assert json.loads(json.dumps(conversion.to_json()))["dtype"] == str(pixels.dtype)
    assert conversion.not_finite <= pixels.size


@given(pixels=arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([3, 4]))))
def test_rgb_of_eight_bits_stays_as_it_is(pixels):
    rgb, conversion = to_rgb(pixels)
    assert np.array_equal(rgb, pixels[..., :3])
    assert conversion.is_identity
    assert conversion.percentiles is None


@given(values=arrays(np.uint16, (8, 9)), gain=st.sampled_from([1, 2, 4]))
def test_scaling_does_not_depend_on_the_gain(values, gain):
    values = values // 8
    assert np.array_equal(to_rgb(values)[0], to_rgb(values * np.uint16(gain))[0])


def test_percentiles_spare_the_picture_from_specks():
    ramp = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    ramp[0, 0] = 1e9
    rgb, conversion = to_rgb(ramp, percentiles=(1, 99))
    assert conversion.percentiles == (1, 99)
    assert 90 <= conversion.limits[0][0] <= 110
    assert 9890 <= conversion.limits[0][1] <= 9910
    assert abs(int(rgb[50, 0, 0]) - 127) <= 2


def test_channels_are_chosen_and_mixed_as_recorded():
    pixels = np.zeros((2, 2, 5), np.uint8)
    pixels[0, 0, 1], pixels[0, 1, 3] = 255, 255
    grey, conversion = to_rgb(pixels, [3])
    assert conversion.channels == (3,)
    assert grey[0, 1].tolist() == [255] * 3
    assert to_rgb(pixels, [3, 1, 0])[0][0].tolist() == [[0, 255, 0], [255, 0, 0]]
    mixed, conversion = to_rgb(pixels)
    assert len(conversion.mixing) == 5
    assert (np.sum(conversion.mixing, axis=0) <= 1 + 1e-5).all()
    expected = np.round(np.array(conversion.mixing[1]) * 255)
    assert np.abs(mixed[0, 0] - expected).max() <= 1
    full, _ = to_rgb(np.full((1, 1, 2), 255, np.uint8))
    assert full.tolist() == [[[255, 255, 255]]]  # green and magenta


def test_what_is_no_number():
    pixels = np.array([[np.nan, np.inf, -np.inf, 0.0, 1.0]])
    rgb, conversion = to_rgb(pixels, percentiles=(0, 100))
    assert rgb[0, :, 0].tolist() == [0, 255, 0, 0, 255]
    assert conversion.not_finite == 3
    with pytest.raises(BadInput, match=r"channel 1 .* no finite value"):
        to_rgb(np.stack([np.zeros((2, 2)), np.full((2, 2), np.nan), np.zeros((2, 2))], -1))


@pytest.mark.parametrize(
    ("pixels", "options", "named"),
    [
        (np.zeros((3,)), {}, "an image is"),
        (np.zeros((2, 2), complex), {}, "an image is"),
        (np.zeros((2, 0)), {}, "at least one pixel"),
        (np.zeros((2, 2, 3)), {"channels": [3]}, "channels 0 to 2, not 3"),
        (np.zeros((2, 2, 3)), {"channels": []}, "none at all"),
        (np.zeros((2, 2)), {"percentiles": (60, 40)}, "percentiles"),
        (np.zeros((2, 2, 3)), {"limits": [(0, 1)]}, "each of the 3 channels"),
    ],
)
def test_what_cannot_be_is_named(pixels, options, named):
    with pytest.raises(BadInput, match=named):
        to_rgb(pixels, **options)


def test_a_tile_without_the_channel_is_refused():
    with pytest.raises(BadInput, match="channel 2"):
        conversion_of(np.zeros((2, 2, 3), np.uint8)).apply(np.zeros((2, 2), np.uint8))
