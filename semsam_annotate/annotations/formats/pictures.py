"""Copies of the images in a folder that is to be whole by itself."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from PIL import Image

from semsam_annotate.annotations.formats.scene import Head, Scene
from semsam_annotate.annotations.image_files import SUFFIXES
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.api import BadInput, RgbImage

FOLDERS = {"train": "train", "validation": "val", "test": "test"}
"""Of the splits; an image without one trains."""
_MANY_ORDERS = (".tif", ".tiff")
"""Microscopes write the sides and channels of these in many orders, so others may read other pixels than we do."""


def split_of(head: Head) -> str:
    """The split of an image."""
    return head.split or "train"


def copy_picture(scene: Scene, head: Head, place: Path) -> str:
    """Copy the file of an image to ``place``, a path without ending; the name that it has there.

    A file of an ending that readers of folders do not look for becomes a PNG of its pixels. BadInput for a file that
    shows something else than what was annotated.
    """
    source = scene.copied(head.ref)
    ending = PurePosixPath(source.name).suffix.lower()
    target = place.with_name(place.name + (ending if ending in SUFFIXES else ".png"))
    target.parent.mkdir(parents=True, exist_ok=True)
    rgb = None if ending in _MANY_ORDERS else _annotated(source, head)
    if rgb is None or ending in SUFFIXES:
        shutil.copyfile(source, target)
    else:
        Image.fromarray(rgb).save(target)
    return target.name


def _annotated(source: Path, head: Head) -> RgbImage:
    rgb = read_image(source)
    if image_sha256(rgb) != head.ref.sha256:
        raise BadInput(f"{source} shows other pixels than were annotated: it has changed, or is another image")
    return rgb


def plain_stems(heads: Iterable[Head]) -> dict[int, str]:
    """By the frames' ids what their files are called where readers look into one folder and none below it."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for head in heads:
        whole = head.stem.replace("/", "_")
        tried, number = PurePosixPath(head.stem).name, 2
        if tried.lower() in taken:
            tried = whole
        while tried.lower() in taken:
            tried, number = f"{whole}-{number}", number + 1
        taken.add(tried.lower())
        found[head.id] = tried
    return found
