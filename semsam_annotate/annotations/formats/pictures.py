"""Copies of the images in a folder that is to be whole by itself."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from PIL import Image

from semsam_annotate.annotations.formats.scene import Head, Scene
from semsam_annotate.annotations.images import upright_size
from semsam_annotate.api import BadInput

FOLDERS = {"train": "train", "validation": "val", "test": "test"}
"""Of the splits; an image without one trains."""


def split_of(head: Head) -> str:
    """The split of an image."""
    return head.split or "train"


def copy_picture(scene: Scene, head: Head, place: Path) -> str:
    """Copy the file of an image to ``place``, a path without ending; the name that it has there.

    BadInput for a file of another size than what was annotated, so far as its header tells.
    """
    source = scene.copied(head.ref)
    ending = PurePosixPath(source.name).suffix.lower()
    _same_size(source, head)
    target = place.with_name(place.name + ending)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target.name


def _same_size(source: Path, head: Head) -> None:
    if source.suffix.lower() in (".tif", ".tiff"):
        return  # microscopes write sides in many orders
    height, width = head.ref.height, head.ref.width
    with suppress(OSError, ValueError, SyntaxError), Image.open(source) as opened:
        height, width = upright_size(opened)
    if (height, width) != (head.ref.height, head.ref.width):
        told = f"{source} is {width}x{height}, annotated were {head.ref.width}x{head.ref.height}"
        raise BadInput(f"{told}: it has changed, or is another image of that name")


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
