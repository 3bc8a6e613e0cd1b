"""Properties over images and prompts: moved pictures, any size, batches, order.

The small network has random weights, so its masks follow whatever the pixels are: nothing here depends on training.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semsam_annotate.api import AutoSettings, Prompt
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
SEARCH = AutoSettings(side=2)


@pytest.fixture(scope="module")
def packaged():
    engine = open_engine("default", "cpu", EngineSettings())
    yield engine
    engine.close()


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows * 255 // height, columns * 255 // width, rng.integers(0, 60, (height, width))], -1)
    return image.astype(np.uint8)


def disc(height, width, x, y, radius):
    """A plain bright disc on grey, and its mask."""
    rows, columns = np.mgrid[:height, :width]
    mask = np.hypot(rows - y, columns - x) < radius
    image = np.full((height, width, 3), 90, np.uint8)
    image[mask] = (230, 60, 40)
    return image, mask


@pytest.fixture(scope="module")
def still(packaged):
    """The mask of a disc in the middle."""
    image, mask = disc(384, 384, 192, 192, 90)
    return oracle(packaged, image, 192, 192, mask)


def oracle(engine, image, x, y, mask):
    """Best mask of the ladder under a click."""
    ladder = engine.propose(engine.encode(image), Prompt([(x, y)]))
    return max((rung.mask for rung in ladder), key=lambda found: iou(found, mask))


def iou(first, second):
    return (first & second).sum() / max((first | second).sum(), 1)


@FEW
@given(height=st.integers(1, 300), width=st.integers(1, 300), data=st.data())
def test_any_size_and_click(engine_of, height, width, data):
    engine, image = engine_of(), picture(height, width)
    handle = engine.encode(image)
    point = data.draw(st.floats(-0.5, width - 0.51)), data.draw(st.floats(-0.5, height - 0.51))
    ladder = engine.propose(handle, Prompt([point]))
    assert 1 <= len(ladder) <= 6
    for rung in [*ladder, *(node.proposal for node in engine.auto(handle, settings=SEARCH))]:
        assert rung.mask.shape == (height, width)
        assert rung.mask.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3000, 17), (17, 3000), (2, 999), (33, 31)])
def test_extreme_sizes(packaged, size):
    handle = packaged.encode(picture(*size))
    ladder = packaged.propose(handle, Prompt([((size[1] - 1) / 2, (size[0] - 1) / 2)]))
    assert all(rung.mask.shape == size and rung.mask.any() for rung in ladder)
    assert len(packaged.auto(handle, settings=SEARCH)) >= 1


@FEW
@given(seed=st.integers(0, 99), data=st.data())
def test_batches_and_order_change_nothing(engine_of, seed, data):
    """Masks may differ in the last digits of batched arithmetic: at most 0.2 % of the pixels, scores by 0.001."""
    engine = engine_of(seed % 3)
    handle = engine.encode(picture(60, 80, seed))
    clicks = st.tuples(st.floats(0, 79), st.floats(0, 59))
    prompts = [Prompt([point]) for point in data.draw(st.lists(clicks, min_size=1, max_size=9))]
    order = data.draw(st.permutations(range(len(prompts))))
    alone = [engine.propose(handle, prompt) for prompt in prompts]
    shuffled = engine.propose_many(handle, [prompts[row] for row in order])
    for row, together in zip(order, shuffled, strict=True):
        assert [rung.level for rung in together] == [rung.level for rung in alone[row]]
        for one, other in zip(together, alone[row], strict=True):
            assert (one.mask != other.mask).mean() <= 0.002
            assert one.score == pytest.approx(other.score, abs=1e-3)


@FEW
@given(x=st.integers(110, 270), y=st.integers(110, 270), axis=st.sampled_from([0, 1]))
def test_a_flipped_disc_has_a_flipped_mask(packaged, x, y, axis):
    """A convolutional network is not exactly mirror symmetric, and its masks are made on a grid of 4 pixels: the IoU
    of the mask with the flipped one of the flipped image is at least 0.8 for a disc of 90 pixels' radius."""
    image, mask = disc(384, 384, x, y, 90)
    flipped = np.ascontiguousarray(np.flip(image, axis))
    there = (x, 383 - y) if axis == 0 else (383 - x, y)
    one = oracle(packaged, image, x, y, mask)
    other = np.flip(oracle(packaged, flipped, *there, np.flip(mask, axis)), axis)
    assert iou(one, other) >= 0.8


@FEW
@given(dx=st.integers(-60, 60), dy=st.integers(-60, 60))
def test_a_moved_disc_has_a_moved_mask(packaged, still, dx, dy):
    """Same tolerance and reasons; moves that are no multiple of the stride also shift the grid under the disc."""
    moved, mask = disc(384, 384, 192 + dx, 192 + dy, 90)
    found = oracle(packaged, moved, 192 + dx, 192 + dy, mask)
    assert iou(np.roll(still, (dy, dx), (0, 1)), found) >= 0.8
