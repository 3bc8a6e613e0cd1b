"""Copies of the images in a folder that is to be whole by itself."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.formats.scene import Head, Scene

FOLDERS = {"train": "train", "validation": "val", "test": "test"}
"""Of the splits; an image without one trains."""


def split_of(head: Head) -> str:
    """The split of an image."""
    return head.split or "train"


def copy_picture(scene: Scene, head: Head, place: Path) -> str:
    """Copy the file of an image to ``place``, a path without ending; the name that it has there."""
    source = scene.copied(head.ref)
    ending = PurePosixPath(source.name).suffix.lower()
    target = place.with_name(place.name + ending)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target.name


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
