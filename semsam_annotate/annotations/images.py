"""Reading image files of any kind into oriented RGB pixels, and naming an image by those pixels."""

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.api.pixels import to_uint8, value_range

MAX_PIXELS = 160_000_000
"""Largest image that is decoded: 30,000 x 5,000 and some; beyond it a small file could fill the memory."""

_FORMATS = ("PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "GIF", "WEBP", "PPM", "TGA", "AVIF", "DIB", "PCX")
"""Only formats that Pillow decodes by itself: EPS, for one, would start another program on a stranger's file."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By orientation; all other numbers, 1 among them, turn nothing."""
_SIDEWAYS = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))


def read_image(path: Path | str | bytes, max_pixels: int = MAX_PIXELS) -> RgbImage:
    """Read an image file, or the bytes of one, as (H, W, 3) uint8 RGB with EXIF orientation applied.

    16-bit grey is scaled from 0..65535 to 0..255, transparency is laid on white, CMYK goes through its own profile
    where it has one, of an animation the first frame counts. Raises BadInput, one line that names the file, when it is
    missing, empty, truncated, not an image, or by its header larger than ``max_pixels``: then nothing is decoded.
    """
    name = "the image data" if isinstance(path, bytes) else str(path)
    data = path if isinstance(path, bytes) else _read_bytes(Path(path))
    if not data:
        raise BadInput(f"{name} is empty: not an image")
    with _open(data, name, max_pixels) as image:
        try:
            image.load()
            rgb = np.asarray(_to_rgb(_orient(image)), dtype=np.uint8)
        except Exception as error:  # decoders raise whatever they like on damaged files
            raise BadInput(f"{name} is damaged or truncated: {error}") from error
    return np.ascontiguousarray(rgb)


def pixels_as_read(pixels: NDArray[Any]) -> RgbImage:
    """(H, W, 3) uint8 that ``read_image`` makes of an upright file of these pixels; BadInput when no file holds such.

    ``pixels``: (H, W) of grey or (H, W, 3 or 4) of colours, as other readers give them.
    """
    if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3:
        return pixels
    try:
        image = Image.fromarray(np.ascontiguousarray(pixels))
    except TypeError as error:
        raise BadInput(f"no image file holds {pixels.shape} {pixels.dtype}") from error
    return np.ascontiguousarray(_to_rgb(image), dtype=np.uint8)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(height, width) of an opened image after its EXIF orientation."""
    return (image.width, image.height) if _turn(image) in _SIDEWAYS else (image.height, image.width)


def image_sha256(rgb: RgbImage) -> str:
    """Name of an image: SHA-256 (hex) of its shape and its oriented (H, W, 3) uint8 pixels, whatever the file was."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise BadInput(f"an image is (H, W, 3) uint8 RGB, not {rgb.shape} {rgb.dtype}")
    digest = hashlib.sha256(f"{rgb.shape[0]}x{rgb.shape[1]}x3 uint8\n".encode("ascii"))
    digest.update(np.ascontiguousarray(rgb).data)
    return digest.hexdigest()


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        raise BadInput(f"no such image file: {path}")
    if not path.is_file():
        raise BadInput(f"{path} is not a file: an image file is needed")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error


def _open(data: bytes, name: str, max_pixels: int) -> Image.Image:
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]  # some builds of Pillow lack WebP or AVIF
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit below says what Pillow only warns about
            image = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise BadInput(f"{name} has more than {max_pixels:,} pixels: cut it into smaller images") from error
    except UnidentifiedImageError as error:
        raise BadInput(f"{name} is not an image that can be read (PNG, JPEG, TIFF, WebP, GIF, BMP …)") from error
    except Exception as error:
        raise BadInput(f"{name} is damaged or truncated: {error}") from error
    width, height = image.size
    if width * height > max_pixels:
        raise BadInput(f"{name} is {width}x{height}, more than {max_pixels:,} pixels: cut it into smaller images")
    if width * height == 0:
        raise BadInput(f"{name} has no pixels")
    return image


def _orient(image: Image.Image) -> Image.Image:
    turn = _turn(image)
    if turn is None:
        return image
    icc = image.info.get("icc_profile")
    turned = image.transpose(turn)
    turned.info["icc_profile"] = icc
    return turned


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF: the pixels are fine, they just carry no orientation
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode == "CMYK":
        return _from_profile(image) or image.convert("RGB")
    if image.mode == "LAB":
        return _from_profile(image, ImageCms.createProfile("LAB")) or image.convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        white.alpha_composite(image.convert("RGBA"))
        return white.convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey of more than 8 bits: integers over the full 16 bits, floats in 0..1 or over their own range."""
    low, high = value_range(values)
    if values.dtype.kind == "f":
        low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (min(low, 0.0), max(high, 255.0))
    else:
        low, high = (0.0, 65535.0) if low >= 0 and high <= 65535 else (low, high)
    return to_uint8(values, (low, high))


def _from_profile(image: Image.Image, profile: object | None = None) -> Image.Image | None:
    """Through the image's own colour profile to sRGB; None when it has none or a broken one."""
    embedded = image.info.get("icc_profile")
    source = ImageCms.ImageCmsProfile(io.BytesIO(embedded)) if embedded and profile is None else profile
    if source is None:
        return None
    try:
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")  # type: ignore[arg-type]
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
