"""Large images in tiles: what edges cut is joined, nothing comes twice, memory holds a tile."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import AutoSettings, BadInput, Cancelled, CancelToken
from semsam_annotate.api.runs import Runs
from semsam_annotate.automatic import RgbSource, TileSettings, auto_tiled, stream_tiled
from semsam_annotate.automatic.overview import Overview
from semsam_annotate.automatic.tiles import Tile, tiles_of


def best_iou(mask, found):
    runs = Runs.of(mask)
    joints = [runs.shared(other) for other in found]
    return max(joint / (runs.area + other.area - joint) for joint, other in zip(joints, found, strict=True))


def found_in(tree):
    return [Runs.from_rle(node.proposal.rle) for node in tree]


@given(length=st.integers(1, 400), width=st.integers(1, 400), side=st.integers(16, 200), share=st.floats(0.01, 0.5))
def test_tiles_cover_and_overlap(length, width, side, share):
    settings = TileSettings(side, max(1, int(side * share)))
    tiles = tiles_of((length, width), settings)
    for size, spans in ((length, {(t.top, t.bottom) for t in tiles}), (width, {(t.left, t.right) for t in tiles})):
        ordered = sorted(spans)
        assert ordered[0][0] == 0
        assert ordered[-1][1] == size
        assert all(end - start == min(side, size) for start, end in ordered)
        assert all(before[1] - after[0] >= settings.overlap for before, after in pairwise(ordered))
        assert len(ordered) <= 2 + size // (side - settings.overlap)
    assert len(tiles) == len(set(tiles))


@pytest.mark.parametrize("size", [(0, 1), (8, 4), (64, 33)])
def test_wrong_tiles_are_named(size):
    with pytest.raises(BadInput, match="overlap"):
        TileSettings(*size)


@pytest.mark.parametrize(("tile", "seed"), [((512, 128), 0), ((400, 200), 1), ((1024, 100), 2)])
def test_stitched_masks_are_the_true_ones(colour_engine, ellipses, tile, seed):
    image, masks = ellipses(2500, 3000, 30, seed)
    tree = auto_tiled(colour_engine, image, tiles=TileSettings(*tile))
    found = found_in(tree)
    assert min(best_iou(mask, found) for mask in masks) == 1.0
    assert len(found) == len(masks)
    assert all(node.proposal.box == Runs.from_rle(node.proposal.rle).box for node in tree)
    assert len({node.proposal.id for node in tree}) == len(tree)
    assert all(max(shape[:2]) <= tile[0] for shape in colour_engine.seen)


def test_one_tile_is_the_image_itself(colour_engine, ellipses):
    image, masks = ellipses(200, 300, 8, 3)
    tree = auto_tiled(colour_engine, image, tiles=TileSettings(512, 64))
    assert colour_engine.seen == [image.shape]
    assert sorted(node.proposal.rle["counts"] for node in tree) == sorted(
        Runs.of(mask).to_rle()["counts"] for mask in masks
    )


def test_an_object_that_no_tile_can_tell_comes_from_the_overview(colour_engine):
    """Stripes of one pixel: in every tile only stripes; in the overview a square of their mean colour."""
    image = np.zeros((832, 832, 3), np.uint8)  # tiles begin and end with squares of the overview
    image[100:700:2, 100:700] = (200, 100, 60)
    colour_engine.smallest = 700  # a stripe is 600
    tree = auto_tiled(colour_engine, image, tiles=TileSettings(256, 64))
    square = np.zeros((832, 832), bool)
    square[100:700, 100:700] = True
    assert best_iou(square, found_in(tree)) > 0.9


def test_masks_stream_before_the_last_tile(colour_engine, ellipses):
    image, masks = ellipses(900, 900, 12, 4)
    reports = []
    stream = stream_tiled(
        colour_engine, image, tiles=TileSettings(256, 64), progress=lambda *report: reports.append(report)
    )
    first = next(stream)
    total = len(tiles_of((900, 900), TileSettings(256, 64)))
    assert len(colour_engine.seen) < total / 2
    rest = list(stream)
    assert len({proposal.id for proposal in [first, *rest]}) == len(rest) + 1 == len(masks)
    assert reports == [(number, total + 1) for number in range(1, total + 2)]


class Endless:
    """400 million pixels that exist only where they are looked at."""

    shape, dtype = (20_000, 20_000, 3), np.dtype(np.uint8)

    def __init__(self):
        self.read = []

    def __getitem__(self, key):
        rows, columns = (np.arange(part.start, part.stop) for part in key)
        self.read.append(len(rows) * len(columns))
        squares = (rows[:, None] // 97 + columns[None] // 97) % 2
        return np.repeat(squares[..., None] * np.uint8(180), 3, axis=2).astype(np.uint8)


def test_cancel_after_a_few_tiles_of_a_huge_image(colour_engine):
    source, token = Endless(), CancelToken()
    with pytest.raises(Cancelled):
        auto_tiled(
            colour_engine,
            source,
            progress=lambda done, total: token.cancel() if done == 3 else None,
            cancel=token,
            tiles=TileSettings(512, 64),
        )
    assert len(colour_engine.seen) == 3
    assert max(source.read) <= 512 * 512
    assert len(source.read) <= 5


def test_memory_does_not_grow_with_the_tiles(colour_engine):
    """Squares of a checkerboard, about thirty a tile: their arrays together would be 100 MB and more."""
    source = Endless()
    source.shape = (3000, 3000, 3)
    tracemalloc.start()
    try:
        count = sum(1 for _ in stream_tiled(colour_engine, source, tiles=TileSettings(512, 128)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count >= 0.9 * (3000 // 97) ** 2 / 2
    assert peak < 60e6


def test_sixteen_bits_are_scaled_alike_in_every_tile(colour_engine):
    deep = np.zeros((700, 700), np.uint16)
    deep[200:600, 100:650] = 3000
    deep[50:60, 50:60] = 60_000  # one bright speck does not decide
    source = RgbSource.of(deep)
    assert source.conversion.limits == ((0.0, 3000.0),)
    tree = auto_tiled(colour_engine, source, tiles=TileSettings(256, 64))
    true = deep == 3000
    assert best_iou(true, found_in(tree)) == 1.0


@given(height=st.integers(1, 90), width=st.integers(1, 90), longest=st.integers(1, 40), side=st.integers(16, 50))
def test_the_overview_is_the_mean_of_squares(height, width, longest, side):
    rng = np.random.default_rng(height * width)
    image = rng.integers(0, 255, (height, width, 3)).astype(np.uint8)
    overview = Overview((height, width), longest)
    overview.add(Tile(0, 0, height, width), image)
    k = overview.factor
    assert max(overview.rgb().shape[:2]) <= longest
    square = image[:k, :k].reshape(-1, 3).mean(0)
    assert np.abs(overview.rgb()[0, 0] - square).max() <= 0.5 + 1e-9
    flat = Overview((height, width), longest)
    for tile in tiles_of((height, width), TileSettings(side, side // 4)):
        flat.add(tile, np.full((tile.bottom - tile.top, tile.right - tile.left, 3), 77, np.uint8))
    assert (flat.rgb() == 77).all()


def test_a_mask_of_the_overview_in_full_size(colour_engine):
    overview = Overview((50, 70), 18)  # a factor of 4
    small = np.zeros((13, 18), bool)
    small[3:13, 2:18] = True
    (node,) = [colour_engine._node(small)]
    large = overview.enlarge(node.proposal)
    expected = np.zeros((50, 70), bool)
    expected[12:, 8:] = True
    assert np.array_equal(large.mask, expected)
    assert large.box == (8, 12, 70, 50)


@pytest.mark.parametrize("shape", [(5,), (0, 4), (2, 3, 4, 5)])
def test_sources_that_are_no_image_are_named(colour_engine, shape):
    with pytest.raises(BadInput, match="an image is"):
        auto_tiled(colour_engine, np.zeros(shape, np.uint8), settings=AutoSettings())
