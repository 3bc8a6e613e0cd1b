"""The image that saved masks lie on: its file where it has one, else a picture of it beside the masks."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations import ImageRef, read_image
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.napari.canvas.picture_source import FILE_KEY
from semsam_annotate.napari.canvas.pixels import rgb_plane
from semsam_annotate.napari.files.picture_layers import MASKS_KEY


@dataclass(frozen=True, eq=False)
class SavedImage:
    """``ref``: as the file of masks names it. ``rgb``: pixels to write to ``path``, None when a file is there."""

    ref: ImageRef
    path: Path
    rgb: RgbImage | None = None

    def write(self) -> list[str]:
        """Write the picture if there is one to write; the files written."""
        if self.rgb is None:
            return []
        buffer = io.BytesIO()
        Image.fromarray(self.rgb).save(buffer, format="PNG")
        write_atomically(self.path, buffer.getvalue())
        return [str(self.path)]


def image_of_layer(data: Any, meta: Mapping[str, Any], masks: Path) -> SavedImage:
    """An image layer that is saved with the file ``masks``: its own file if it lies in that folder, else a PNG.

    A layer that was given other pixels than its file's has none.
    """
    given, rgb = meta.get("metadata", {}).get(FILE_KEY), _pixels(data, meta)
    folder = masks.absolute().parent
    if given is not None and (file := Path(given).resolve()).is_relative_to(folder.resolve()) and _shows(file, rgb):
        return SavedImage(ImageRef.of(file, rgb, folder.resolve()), file)
    path = next(path for path in _names(masks) if not path.exists() or _shows(path, rgb))
    return SavedImage(ImageRef.of(path, rgb, folder), path, rgb)


def image_of_labels(metas: Sequence[Mapping[str, Any]], size: tuple[int, int], masks: Path) -> SavedImage:
    """The image of labels layers that are saved without it, (height, width): its file if they know it, else a name."""
    known = next((file for meta in metas if (file := meta.get("metadata", {}).get(MASKS_KEY))), None)
    if known is not None and Path(known).is_file():
        rgb = read_image(Path(known))
        if rgb.shape[:2] == tuple(size):
            file = Path(known).resolve()
            return SavedImage(ImageRef.of(file, rgb, masks.absolute().parent.resolve()), file)
    path = next(path for path in _names(masks) if not path.exists())  # another picture's masks these are not
    return SavedImage(ImageRef("", path.name, *size), path)


def _names(masks: Path) -> Iterator[Path]:
    """Names for a picture beside a file of masks."""
    stem = masks.name.removesuffix(".json")
    yield masks.absolute().with_name(f"{stem}.png")
    yield from (masks.absolute().with_name(f"{stem}-{number}.png") for number in count(2))


def _shows(path: Path, rgb: RgbImage) -> bool:
    try:
        return np.array_equal(read_image(path), rgb)
    except BadInput:
        return False


def _pixels(data: Any, meta: Mapping[str, Any]) -> RgbImage:
    rgb, name = bool(meta.get("rgb")), meta.get("name", "the image")
    array = data[0] if meta.get("multiscale") else data
    if array.ndim != (3 if rgb else 2):
        raise BadInput(f"{name} has several planes: a file holds masks of one, take it out first")
    return rgb_plane(array, rgb=rgb)  # not as shown: the contrast of the moment does not name a picture
