"""Files as planes: photos as ever, stacks and deep pixels as they are."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from semsam_annotate.annotations import read_image
from semsam_annotate.annotations.planes import read_planes
from semsam_annotate.api import BadInput


def planes(path):
    return [(plane.index, np.asarray(plane.pixels)) for plane in read_planes(path)]


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif", "x.bmp"])
def test_pictures_are_read_as_ever(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 7, 3)).astype(np.uint8)).save(path)
    ((index, pixels),) = planes(path)
    assert index == ()
    assert np.array_equal(pixels, read_image(path))


@pytest.mark.parametrize(
    ("axes", "shape", "count", "plane"),
    [
        ("ZYX", (3, 5, 6), 3, (5, 6)),
        ("TZYX", (2, 3, 5, 6), 6, (5, 6)),
        ("CYX", (5, 7, 6), 1, (7, 6, 5)),
        ("ZCYX", (2, 4, 7, 6), 2, (7, 6, 4)),
        ("YX", (7, 6), 1, (7, 6)),
    ],
)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_stacks_give_their_planes_in_order(tmp_path, axes, shape, count, plane, compression):
    data = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, metadata={"axes": axes}, compression=compression, photometric="minisblack")
    found = planes(path)
    assert len(found) == count
    leading = [length for length, axis in zip(shape, axes, strict=True) if axis not in "CYX"]
    assert [index for index, _ in found] == list(np.ndindex(*leading))
    assert all(pixels.shape == plane and pixels.dtype == np.uint16 for _, pixels in found)
    last = data[(-1,) * len(leading)]
    assert np.array_equal(found[-1][1], np.moveaxis(last, 0, -1) if "C" in axes else last)


def test_planes_of_uncompressed_files_stay_on_disk(tmp_path):
    tifffile.imwrite(tmp_path / "deep.tif", np.zeros((400, 500), np.uint16))
    (plane,) = read_planes(tmp_path / "deep.tif")
    assert isinstance(plane.pixels, np.memmap)


def test_grey_of_sixteen_bits_in_other_formats(tmp_path):
    deep = np.arange(42, dtype=np.uint16).reshape(6, 7) * 1000
    Image.fromarray(deep).save(tmp_path / "deep.png")
    ((_, pixels),) = planes(tmp_path / "deep.png")
    assert np.array_equal(pixels, deep)


@pytest.mark.parametrize("content", [b"", b"II*\0 torn", b"\x89PNG torn"])
@pytest.mark.parametrize("name", ["x.tif", "x.png"])
def test_damaged_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        planes(tmp_path / name)
    with pytest.raises(BadInput, match=r"gone\.tif"):
        planes(tmp_path / "gone.tif")
