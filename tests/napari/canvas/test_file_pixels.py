"""Masks are stored for a layer's file only where the layer shows the pixels of the file, turned the same way."""

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image as PillowImage
from skimage import data

from semsam_annotate.annotations import pixels_as_read, read_image
from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.picture_source import FILE_KEY
from semsam_annotate.napari.canvas.sameness import same_picture

ORIENTATION = 0x0112
PART = (60.0, 70.0)
"""(row, column) in the scene."""


@pytest.fixture
def sided(scene):
    """The scene, no two of whose orientations are alike."""
    scene[:25, :9] = (20, 20, 90)
    return scene


@pytest.fixture
def opened(annotate, tmp_path):
    """Annotates a layer of pixels that came from the file of that name."""

    def open_layer(pixels, name, rgb=True):
        viewer = ViewerModel()
        viewer.add_image(pixels, rgb=rgb, metadata={FILE_KEY: str(tmp_path / name)})
        return annotate(viewer)

    return open_layer


@pytest.mark.parametrize("turn", [2, 3, 4])
def test_a_file_that_a_reader_did_not_turn_is_not_what_is_annotated(opened, hand_of, ledger, sided, tmp_path, turn):
    exif = PillowImage.Exif()
    exif[ORIENTATION] = turn
    PillowImage.fromarray(sided).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    pixels = np.asarray(PillowImage.open(tmp_path / "turned.jpg"))
    annotator = opened(pixels, "turned.jpg")
    assert annotator.session.picture.path is None
    hand_of(annotator).click(PART)
    image = ledger.record(annotator.session.accept().id).image
    assert np.array_equal(read_image(ledger.workspace.parents[1] / image.path), pixels)


def kinds(photo):
    """Files as other readers read them: name, what is saved, colour or not."""
    clear = np.dstack([photo, np.full(photo.shape[:2], 100, np.uint8)])
    deep = photo[..., 0].astype(np.uint16) * 100
    return {
        "colours.png": (photo, True),
        "clear.png": (clear, True),
        "grey.png": (photo[..., 0], False),
        "bits.png": (photo[..., 0] > 100, False),
        "deep.png": (deep, False),
        "deep.tif": (deep, False),
        "float.tif": (deep.astype(np.float32) / 9, False),
    }


@pytest.mark.parametrize("name", list(kinds(np.zeros((1, 1, 3), np.uint8))))
def test_files_of_every_kind_are_recognised_by_their_pixels(opened, sided, tmp_path, name):
    pixels, rgb = kinds(sided)[name]
    PillowImage.fromarray(pixels).save(tmp_path / name)
    annotator = opened(np.asarray(PillowImage.open(tmp_path / name)), name, rgb)
    assert annotator.session.picture.path == tmp_path / name
    assert np.array_equal(annotator.session.picture.own, read_image(tmp_path / name))
    annotator.close()
    assert opened(pixels[:, ::-1], name, rgb).session.picture.path is None


@pytest.mark.parametrize("name", ["astronaut", "rocket"])
@pytest.mark.parametrize("quality", [30, 95])
def test_a_jpeg_that_another_decoder_reads_a_little_differently_is_the_same(tmp_path, name, quality):
    photo = getattr(data, name)()
    PillowImage.fromarray(photo).save(tmp_path / "photo.jpg", quality=quality)
    read = read_image(tmp_path / "photo.jpg")
    other = decoded_otherwise(tmp_path / "photo.jpg")
    assert not np.array_equal(read, other)
    assert same_picture(other, read)
    assert not same_picture(other[::-1], read)
    moved = read.copy()
    moved[100:110, 100:110] ^= 255
    assert not same_picture(moved, read)


def decoded_otherwise(path: Path) -> np.ndarray:
    """A JPEG with colours rounded down, and not smoothed where the file has one for four pixels."""
    with PillowImage.open(path) as file:
        file.draft("YCbCr", file.size)
        light, blue, red = (np.asarray(file)[..., channel].astype(float) for channel in range(3))
    blue, red = (np.kron(colour[::2, ::2], np.ones((2, 2)))[: len(light), : light.shape[1]] for colour in (blue, red))
    blue, red = blue - 128, red - 128
    mixed = np.stack([light + 1.402 * red, light - 0.344 * blue - 0.714 * red, light + 1.772 * blue], axis=-1)
    return np.clip(mixed, 0, 255).astype(np.uint8)


def test_a_dark_picture_is_not_its_own_mirror_image():
    dark = np.random.default_rng(0).integers(3, 6, (300, 40, 3), dtype=np.uint8)
    assert same_picture(dark, dark.copy())
    assert not same_picture(dark, dark[:, ::-1])
    assert not same_picture(dark, dark[:-1])


def test_pixels_that_no_file_holds_are_refused():
    with pytest.raises(BadInput, match="no image file holds"):
        pixels_as_read(np.zeros((4, 4, 3), np.float32))
