"""Copies of the images in a folder that is to be whole by itself."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.formats.scene import Frame, Scene

FOLDERS = {"train": "train", "validation": "val", "test": "test"}
"""Of the splits; an image without one trains."""


def split_of(frame: Frame) -> str:
    """The split of an image."""
    return frame.split or "train"


def copy_picture(scene: Scene, frame: Frame, place: Path) -> str:
    """Copy the file of an image to ``place``, a path without ending; the name that it has there."""
    source = scene.copied(frame.ref)
    ending = PurePosixPath(source.name).suffix.lower()
    target = place.with_name(place.name + ending)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target.name


def plain_stems(frames: Iterable[Frame]) -> dict[int, str]:
    """By the frames' ids what their files are called where readers look into one folder and none below it."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for frame in frames:
        whole = frame.stem.replace("/", "_")
        tried, number = PurePosixPath(frame.stem).name, 2
        if tried.lower() in taken:
            tried = whole
        while tried.lower() in taken:
            tried, number = f"{whole}-{number}", number + 1
        taken.add(tried.lower())
        found[frame.id] = tried
    return found
