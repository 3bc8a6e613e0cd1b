"""Images: whatever the file is, oriented RGB comes out, or one clear line."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations.images import MAX_PIXELS, image_sha256, read_image, upright_size
from semsam_annotate.api import BadInput


def encoded(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def gradient():
    return np.dstack([np.arange(12).reshape(3, 4) * 20, np.full((3, 4), 7), np.zeros((3, 4))]).astype(np.uint8)


def test_rgb_is_kept_exactly(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.fromarray(gradient())))
    assert np.array_equal(read_image(path), gradient())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_exif_orientation_is_applied(orientation, format):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = 255
    back = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    stored = Image.fromarray(upright)
    stored = stored if back == 1 else stored.transpose(Image.Transpose(turns[back]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_image(encoded(stored, format, exif=exif))
    assert read.shape == upright.shape
    assert np.abs(read.astype(int) - upright).max() < 12


@pytest.mark.parametrize("orientation", [*range(1, 10), 0, 250])
def test_the_size_told_ahead_is_that_of_what_is_read(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(gradient()), "PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        assert upright_size(image) == read_image(data).shape[:2]


def test_sixteen_bit_grey_is_scaled():
    grey = np.array([[0, 257, 32896, 65535]], np.uint16)
    assert read_image(encoded(Image.fromarray(grey)))[0, :, 0].tolist() == [0, 1, 128, 255]
    assert read_image(encoded(Image.fromarray(grey), "TIFF"))[0, :, 2].tolist() == [0, 1, 128, 255]


def test_alpha_lies_on_white():
    rgba = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8)
    assert read_image(encoded(Image.fromarray(rgba))).tolist() == [[[255, 255, 255], [10, 20, 30]]]
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([9, 9, 9, 200, 0, 0])
    assert read_image(encoded(palette, transparency=0)).tolist() == [[[255, 255, 255], [200, 0, 0]]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "F"])
def test_every_mode_becomes_rgb(mode):
    format = {"CMYK": "JPEG", "YCbCr": "JPEG", "F": "TIFF"}.get(mode, "PNG")
    read = read_image(encoded(Image.new("RGB", (5, 4), "white").convert(mode), format))
    assert read.shape == (4, 5, 3)
    assert read.dtype == np.uint8
    assert (read > 250).all()


def test_cmyk_black_and_red():
    cmyk = np.zeros((16, 32, 4), np.uint8)
    cmyk[:, :16, 3] = 255
    cmyk[:, 16:, 1:3] = 255
    read = read_image(encoded(Image.fromarray(cmyk, "CMYK"), "TIFF"))
    assert read[8, 4].tolist() == [0, 0, 0]
    assert read[8, 28].tolist() == [255, 0, 0]


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    read = read_image(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert read[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (30_000, 2), (2, 30_000)])
def test_tiny_and_long(size):
    assert read_image(encoded(Image.new("RGB", size))).shape == (size[1], size[0], 3)


def bomb(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(13_000, 13_000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_decoding(size):
    with pytest.raises(BadInput, match="pixels"):
        read_image(bomb(*size))
    assert MAX_PIXELS > 30_000 * 5_000


def test_bad_files_are_one_line(tmp_path):
    photo = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)), "JPEG")
    cases = {
        "empty.jpg": b"",
        "text.jpg": b"hello",
        "cut.jpg": photo[: len(photo) // 2],
        "head.png": b"\x89PNG\r\n\x1a\n",
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
    for name in [*cases, "missing.jpg", "."]:
        with pytest.raises(BadInput) as caught:
            read_image(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)


def test_damage_anywhere_never_escapes_as_another_error():
    rng = np.random.default_rng(1)
    for format in ("PNG", "JPEG", "TIFF", "GIF", "WEBP"):
        good = encoded(Image.fromarray(gradient()), format)
        for _ in range(40):
            data = bytearray(good)
            data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
            try:
                read_image(bytes(data))
            except BadInput:
                continue


def test_sha_is_of_oriented_pixels_and_shape():
    flat = np.zeros((2, 6, 3), np.uint8)
    assert image_sha256(flat) != image_sha256(flat.reshape(6, 2, 3))
    assert image_sha256(flat) == image_sha256(read_image(encoded(Image.fromarray(flat))))
    with pytest.raises(BadInput):
        image_sha256(np.zeros((2, 2), np.uint8))
