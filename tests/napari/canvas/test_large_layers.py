"""Pyramids and lazy arrays: a level that fits is annotated, only what is needed is read, clicks and masks lie right."""

from collections import Counter

import dask.array
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Image
from zarr.storage import MemoryStore

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas import levels, pixels, tiles
from semsam_annotate.napari.canvas.layers import drawn_mask
from semsam_annotate.napari.canvas.picture_source import picture_of
from semsam_annotate.napari.canvas.pixels import read_plane
from semsam_annotate.napari.canvas.tiles import SIDE, STEP
from semsam_annotate.napari.canvas.view import camera_of, look_at

FULL, TENTH = 20_000, 2_000
SQUARE = slice(8_000, 12_000), slice(4_000, 9_000)
"""Rows and columns of what is bright, at the finest level."""


class CountingStore(MemoryStore):
    """Notes which chunks are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: Counter[str] = Counter()

    async def get(self, key, *args, **kwargs):
        if "/c/" in f"/{key}":
            self.read[key] += 1
        return await super().get(key, *args, **kwargs)


def zarr_level(store, side, chunk=1000, leading=(), colours=()):
    """A level of ``side`` x ``side`` pixels with the bright square in all planes; what is dark is not stored."""
    shape, chunks = (*leading, side, side, *colours), (*(1 for _ in leading), chunk, chunk, *colours)
    level = zarr.create_array(store, shape=shape, chunks=chunks, dtype="uint8", fill_value=20)
    rows, columns = (slice(part.start * side // FULL, part.stop * side // FULL) for part in SQUARE)
    level[(*(slice(None) for _ in leading), rows, columns)] = 200
    store.read.clear()
    return level


def zarr_pyramid(**kind):
    stores = [CountingStore() for _ in range(3)]
    return stores, [
        zarr_level(store, side, **kind) for store, side in zip(stores, (FULL, FULL // 2, TENTH), strict=True)
    ]


def test_a_huge_pyramid_of_zarr_is_annotated_at_a_level_that_fits(annotate, hand_of, ledger):
    stores, data = zarr_pyramid()
    viewer = ViewerModel()
    image = viewer.add_image(data, multiscale=True, contrast_limits=(0, 255), scale=(0.5, 0.5), translate=(3, 4))
    lines = []
    annotator = annotate(viewer)
    annotator.session.told.connect(lines.append)
    hand_of(annotator).click(tuple(image.data_to_world((9_000, 5_000))))
    assert [sum(store.read.values()) for store in stores[:2]] == [0, 0]
    assert len(stores[2].read) == 4
    assert annotator.session.picture.size == (TENTH, TENTH)
    assert annotator.session.candidate.clicks[0].point == (500.0, 900.0)
    mask = annotator.session.candidate.proposal.mask
    assert np.argwhere(mask).min(axis=0).tolist() == [800, 400]
    assert np.argwhere(mask).max(axis=0).tolist() == [1199, 899]
    assert np.array_equal(drawn_mask(annotator.layers.candidate), mask)
    first = annotator.layers.candidate.data_to_world((799.5, 399.5))  # the mask's outer corner
    assert first == pytest.approx(image.data_to_world((7_999.5, 3_999.5)))
    record = ledger.record(annotator.session.accept().id)
    assert (record.image.height, record.image.width) == (TENTH, TENTH)
    annotator._annotate(image, anew=True)
    assert lines[-1] == (
        "annotated at 2000x2000 of 20000x20000 pixels; zoom in, then Shift+F takes a tile in full detail"
    )


def test_the_finest_level_that_fits_is_taken_and_the_coarsest_if_none_does(monkeypatch):
    shapes = (400, 200, 100)
    image = Image([np.zeros((side, side), np.uint8) for side in shapes], multiscale=True)
    for limit, level in ((160_000, 0), (159_999, 1), (40_000, 1), (39_999, 2), (5, 2)):
        monkeypatch.setattr(levels, "LEVEL_PIXELS", limit)
        assert levels.level_of(image) == level
    assert levels.level_of(Image(np.zeros((400, 400)))) == 0


@pytest.mark.parametrize(
    ("kind", "plane"), [({"colours": (3,)}, ()), ({"leading": (4,)}, (2,)), ({"leading": (2, 3)}, (1, 2))]
)
def test_of_colours_channels_and_stacks_in_a_pyramid_the_plane_is_read_at_its_level(kind, plane):
    """Stacks as (Z, Y, X) or (C, Y, X), and (T, Z, Y, X)."""
    stores, data = zarr_pyramid(chunk=500, **kind)
    viewer = ViewerModel()
    image = viewer.add_image([dask.array.from_zarr(level) for level in data], multiscale=True, rgb=not plane)
    for axis, index in enumerate(plane):
        viewer.dims.set_current_step(axis, index)
    for store in stores:
        store.read.clear()
    picture = picture_of(image, viewer)
    assert (picture.plane, picture.size) == (plane, (TENTH, TENTH))
    assert [sum(store.read.values()) for store in stores] == [0, 0, 16]
    assert {tuple(map(int, key.split("/")[1 : 1 + len(plane)])) for key in stores[2].read} == {plane}
    assert picture.rgb[900, 500].tolist() != picture.rgb[10, 10].tolist()


def test_of_a_stack_of_zarr_only_the_plane_on_screen_is_read():
    store = CountingStore()
    stack = zarr_level(store, 400, chunk=100, leading=(7,))
    viewer = ViewerModel()
    image = viewer.add_image(stack, contrast_limits=(0, 255))
    viewer.dims.set_current_step(0, 3)
    store.read.clear()
    picture = picture_of(image, viewer)
    assert {key.split("/")[1] for key in store.read} == {"3"}
    assert sum(store.read.values()) == 16
    assert picture.plane == (3,)


def test_a_plane_that_would_fill_the_memory_is_refused_unread():
    store = CountingStore()
    for huge in (zarr_level(store, FULL), dask.array.zeros((100_000, 100_000), dtype=np.uint8)):
        with pytest.raises(BadInput, match=r"is more than 160,000,000 pixels: zoom in, then Shift\+F"):
            read_plane(huge, rgb=False)
    assert not store.read


def test_a_tile_is_read_alone_lies_exactly_and_keeps_its_masks(annotate, hand_of, ledger):
    stores, data = zarr_pyramid()
    viewer = ViewerModel()
    placed = {"scale": (0.5, 0.5), "rotate": 30, "translate": (3, 4)}
    image = viewer.add_image(data, multiscale=True, contrast_limits=(0, 255), **placed)
    annotator = annotate(viewer)
    camera_of(viewer).center = image.data_to_world((8_000, 4_000))
    annotator.actions["tile"]()
    assert sorted(stores[0].read) == [f"c/{row}/{column}" for row in (7, 8, 9) for column in (3, 4, 5)]
    assert not stores[1].read
    tile, row, column = annotator.image, 7 * STEP, 3 * STEP
    assert annotator.session.picture.size == (SIDE, SIDE)
    assert np.argwhere(annotator.session.picture.rgb[..., 0] == 200).min(axis=0).tolist() == [
        8_000 - row,
        4_000 - column,
    ]
    for corner in ((0, 0), (SIDE - 1, 17)):
        there = image.data_to_world((corner[0] + row, corner[1] + column))
        assert tile.data_to_world(corner) == pytest.approx(there)
        assert annotator.layers.candidate.data_to_world(corner) == pytest.approx(there)
    hand_of(annotator).click(tuple(image.data_to_world((8_500, 4_500))))
    assert annotator.session.candidate.clicks[0].point == pytest.approx((4_500 - column, 8_500 - row))
    mask = annotator.session.accept()
    annotator.actions["tile"]()
    assert annotator.image is tile  # the same place again
    camera_of(viewer).center = image.data_to_world((19_990, 4_000))
    annotator.actions["tile"]()
    assert annotator.image.name == f"{image.name} {column},{FULL - SIDE}"
    assert annotator.session.accepted == []
    for layer in (tile, annotator.image):
        viewer.layers.remove(layer)
    viewer.layers.selection.active = image
    camera_of(viewer).center = image.data_to_world((8_100, 3_900))
    annotator.actions["tile"]()
    assert annotator.image is not tile
    assert [other.id for other in annotator.session.accepted] == [mask.id]


def test_a_layer_without_levels_that_is_too_large_is_annotated_in_tiles(annotate, hand_of, monkeypatch, scene):
    for module in (levels, pixels):
        monkeypatch.setattr(module, "MAX_PIXELS", 10_000)
    monkeypatch.setattr(tiles, "SIDE", 64)
    monkeypatch.setattr(tiles, "STEP", 32)
    viewer, lines = ViewerModel(), []
    image = viewer.add_image(np.stack([scene[::-1], scene]), rgb=True)
    viewer.dims.set_current_step(0, 1)
    annotator = annotate(viewer)
    annotator.session.told.connect(lines.append)
    annotator._annotate(image, anew=True)
    assert annotator.session.picture is None
    assert not annotator.layers.all
    assert "160x120 is more than 10,000 pixels" in lines[-1]
    camera_of(viewer).center = (0, 60, 70)
    annotator.actions["tile"]()
    assert np.array_equal(annotator.session.picture.rgb, scene[32:96, 32:96])
    assert len(annotator.layers.all) == 4
    hand_of(annotator).click((60.0, 70.0))
    assert annotator.session.candidate.clicks[0].point == pytest.approx((38.0, 28.0))


def test_of_an_image_that_is_annotated_in_full_there_is_no_tile(annotate, scene):
    viewer, lines = ViewerModel(), []
    viewer.add_image(scene)
    annotator = annotate(viewer)
    annotator.session.told.connect(lines.append)
    annotator.actions["tile"]()
    assert "in full detail as it is" in lines[-1]
    assert not [layer for layer in viewer.layers if tiles.TILE_KEY in layer.metadata]


def test_a_jump_to_a_mask_of_a_level_and_labels_in_a_pyramid_of_the_same_levels(annotate, hand_of, monkeypatch, scene):
    monkeypatch.setattr(levels, "LEVEL_PIXELS", 120 * 160)
    fine = scene.repeat(4, axis=0).repeat(4, axis=1)
    viewer = ViewerModel()
    image = viewer.add_image([fine, scene], multiscale=True, rgb=True, scale=(2, 2))
    dark = (fine[..., 0] < 180).astype(np.uint8)
    labels = viewer.add_labels([dark, dark[::4, ::4]], multiscale=True, scale=(2, 2))
    viewer.layers.selection.active = image
    annotator = annotate(viewer)
    annotator.actions["take"]()
    (mask,) = annotator.session.accepted
    assert np.array_equal(mask.mask, scene[..., 0] < 180)
    assert np.array_equal(labels.data[0], dark)
    look_at(viewer, image, mask)
    middle = image.data_to_world((60 * 4 - 0.5, 70 * 4 - 0.5))
    assert camera_of(viewer).center[-2:] == pytest.approx(middle)
    seen = camera_of(viewer).zoom
    viewer.layers.selection.active = viewer.add_image(scene)
    look_at(viewer, annotator.image, mask)
    assert camera_of(viewer).zoom == pytest.approx(8 * seen)  # a pixel of the level is eight units wide
