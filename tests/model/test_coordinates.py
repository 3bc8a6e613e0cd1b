"""Pixels, edges, the padded input, and back."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import BadInput, Prompt
from semsam_annotate.model.config import InputConfig
from semsam_annotate.model.engine.preprocessing import Frame, check_image, to_input
from semsam_annotate.model.engine.prompting import to_batch
from semsam_annotate.model.engine.rendering import Renderer
from semsam_annotate.model.mask_decoder.prompts import CORNER_END, CORNER_START, NEGATIVE, POSITIVE, UNUSED

SIDES = st.integers(1, 3000)
LONGER, SHORTER = InputConfig(side=384, resize="longer"), InputConfig(side=640, resize="shorter")


@given(height=SIDES, width=SIDES)
def test_frames_fit(height, width):
    frame = Frame.of(height, width, LONGER)
    assert max(frame.input) == 384
    assert min(frame.input) >= 4
    assert all(side % 4 == 0 for side in frame.input)
    assert all(side % 32 == 0 and 0 <= side - used < 32 for side, used in zip(frame.padded, frame.input, strict=True))


@given(height=st.integers(100, 900), width=st.integers(100, 900))
def test_published_resize(height, width):
    frame = Frame.of(height, width, SHORTER)
    assert min(frame.input) == 640
    assert max(frame.input) == int(640 * max(height, width) / min(height, width))


@given(height=SIDES, width=SIDES, x=st.floats(0, 1), y=st.floats(0, 1))
def test_edges_land_on_edges_and_mirrors_on_mirrors(height, width, x, y):
    frame = Frame.of(height, width, LONGER)
    used = (frame.input[1] / frame.padded[1], frame.input[0] / frame.padded[0])
    assert frame.to_padded(0, 0) == (0, 0)
    assert frame.to_padded(width, height) == pytest.approx(used)
    left, top = frame.to_padded(x * width, y * height)
    right, bottom = frame.to_padded((1 - x) * width, (1 - y) * height)
    assert (left + right, top + bottom) == pytest.approx(used)


@given(height=st.integers(1, 300), width=st.integers(1, 300), data=st.data())
def test_a_click_is_the_centre_of_its_pixel(height, width, data, small):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    frame = Frame.of(height, width, small.input)
    batch = to_batch([Prompt([(x, y)])], frame, small)
    place = batch.token_places[0, 0, 0].tolist()
    assert place == pytest.approx(frame.to_padded(x + 0.5, y + 0.5), abs=1e-6)
    assert batch.reference[0, 0, :2].tolist() == pytest.approx(place, abs=1e-6)


def test_prompts_become_tokens(small):
    frame = Frame.of(64, 64, small.input)
    batch = to_batch(
        [Prompt([(31.5, 31.5), (-0.5, -0.5)], [1, 0]), Prompt(box=(-10, 16, 32, 999)), Prompt([(0, 0)])], frame, small
    )
    assert batch.token_kinds[0].tolist() == [
        [POSITIVE, NEGATIVE], [CORNER_START, CORNER_END], [POSITIVE, UNUSED]
    ]  # fmt: skip
    assert batch.flag[0].tolist() == [0, 1, 0]
    assert batch.token_places[0, 0].tolist() == [[0.5, 0.5], [0, 0]]
    assert batch.reference[0, 1].tolist() == pytest.approx([0.25, 0.625, 0.5, 0.75])
    assert batch.reference[0, 0].tolist() == pytest.approx([0.5, 0.5, 0.1, 0.1])


def test_networks_of_single_clicks_get_no_tokens(small):
    from dataclasses import replace

    plain = replace(small, mask_decoder=replace(small.mask_decoder, prompt_tokens=False))
    frame = Frame.of(64, 64, plain.input)
    prompts = [Prompt([(1, 1)]), Prompt(box=(0, 0, 9, 9)), Prompt([(1, 1), (2, 2)], mask=np.ones((64, 64), bool))]
    batch = to_batch(prompts, frame, plain, with_masks=True)
    assert batch.token_kinds.shape == (1, 3, 0)
    assert batch.previous is None
    assert batch.reference[0, 0].tolist() == batch.reference[0, 2].tolist()


@given(height=st.integers(1, 90), width=st.integers(1, 90), row=st.floats(0.1, 0.9), column=st.floats(0.1, 0.9))
def test_masks_come_back_to_where_they_were(height, width, row, column):
    """A half plane in the network's grid is the same half plane in the image, to a grid cell."""
    frame = Frame.of(height, width, InputConfig(side=128, resize="longer"))
    grid = torch.arange(frame.padded[1] // 4) + 0.5
    cut = column * frame.input[1] / 4
    logits = (grid - cut).expand(frame.padded[0] // 4, -1)
    mask = Renderer(frame.taps).region(-logits).full()
    assert mask.shape == (height, width)
    wanted = np.arange(width) + 0.5 < column * width
    cell = 4 * width / frame.input[1] + 1
    assert abs(int(mask[0].sum()) - int(wanted.sum())) <= cell


def test_input_is_the_image_resized():
    image = np.zeros((10, 20, 3), np.uint8)
    image[:, 10:] = 200
    frame = Frame.of(10, 20, InputConfig(side=64, resize="longer"))
    resized = to_input(image, frame)
    assert resized.shape == (1, 3, 32, 64)
    assert resized.dtype == torch.uint8
    assert resized[0, :, :, :28].max() == 0
    assert resized[0, :, :, 36:].min() == 200


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        [[1, 2, 3]],
    ],
)
def test_other_arrays_are_refused(image):
    with pytest.raises(BadInput, match="encode takes an image"):
        check_image(image)
