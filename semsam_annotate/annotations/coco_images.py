"""The images of a COCO file, found in a folder and read once to learn their size and name."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from semsam_annotate.annotations.images import MAX_PIXELS, image_sha256, read_image
from semsam_annotate.annotations.named_files import NamedFiles
from semsam_annotate.annotations.record import ImageRef, Plane
from semsam_annotate.annotations.splits import SPLITS, Split
from semsam_annotate.api import BadInput

_NAMED = 3  # of many missing images a line names so many


@dataclass(frozen=True)
class CocoImage:
    """An image of a file, its plane, its split where the file tells one, and where it was found."""

    ref: ImageRef
    plane: Plane = ()
    split: Split | None = None
    path: Path | None = None


Finder = Callable[[str], Path | None]
"""Where the image of a name in a file is, None when it is nowhere."""


def find_image(folder: Path, name: str) -> Path | None:
    """``folder``/name, else ``folder``/basename, None when neither is there; never anything outside ``folder``."""
    tried = [path for written in ways_to_read(name) for path in _places(folder, written)]
    return next((path for path in tried if path.is_file()), None)


def ways_to_read(name: str) -> list[PurePosixPath]:
    r"""A path in a file, as it is written and as Windows writes one: only elsewhere can a name itself hold a ``\``."""
    windows = PurePosixPath(name.replace("\\", "/"))
    return [windows] if os.name == "nt" else list(dict.fromkeys((PurePosixPath(name), windows)))


def within(written: PurePosixPath) -> bool:
    """Whether a path can only name something inside of the folder that it is meant in; a drive can on Windows alone."""
    drive = os.name == "nt" and any(":" in part for part in written.parts)
    return not written.is_absolute() and ".." not in written.parts and not drive


def _places(folder: Path, written: PurePosixPath) -> list[Path]:
    return [folder / path for path in (written, PurePosixPath(written.name)) if path.name and within(path)]


def read_images(
    file: Path,
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> dict[int, CocoImage]:
    """Images by id. BadInput when one is missing, cannot be read, or has another size than the file says."""
    paths = _found(file, rows, folder)
    images: dict[int, CocoImage] = {}
    for number, row in enumerate(rows, start=1):
        images[row["id"]] = _read(row, paths[row["id"]])
        if progress is not None:
            progress(number, len(rows))
    return images


def glanced_images(file: Path, rows: Sequence[Mapping[str, Any]], find: Finder) -> dict[int, CocoImage]:
    """Images by id; one that ``find`` does not find has the size that the file says, and its id in place of a sha256.

    BadInput when one is found that cannot be read or has another size, or when the file says no size.
    """
    images: dict[int, CocoImage] = {}
    for row in rows:
        id, name = _named(file, row)
        if id in images:
            raise BadInput(f"{file}: image id {id} comes twice")
        path = find(name)
        images[id] = _unseen(file, row) if path is None else _read(row, path)
    return images


def _unseen(file: Path, row: Mapping[str, Any]) -> CocoImage:
    size = row.get("height"), row.get("width")
    height, width = (side if isinstance(side, int) else 0 for side in size)
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise BadInput(f"{file}: the image {row['file_name']} is not there, and the file says no size that it can have")
    return CocoImage(ImageRef(f"image {row['id']}", row["file_name"], height, width))


def _named(file: Path, row: Mapping[str, Any]) -> tuple[int, str]:
    id, name = row.get("id"), row.get("file_name")
    if not isinstance(id, int) or not isinstance(name, str) or not name:
        raise BadInput(f"{file}: an image needs a whole number as id and a file_name, not {id!r} and {name!r}")
    return id, name


def _found(file: Path, rows: Sequence[Mapping[str, Any]], folder: Path) -> dict[int, Path]:
    paths: dict[int, Path] = {}
    names = NamedFiles()
    missing: list[str] = []
    for row in rows:
        id, name = _named(file, row)
        if id in paths or name in missing:
            raise BadInput(f"{file}: image id {id} comes twice")
        path = find_image(folder, name)
        if path is None:
            missing.append(name)
        else:
            names.check(file, path, name)
            paths[id] = path
    if missing:
        shown = ", ".join(missing[:_NAMED]) + (" …" if len(missing) > _NAMED else "")
        raise BadInput(f"{file}: {len(missing)} of {len(rows)} images are not in {folder}: {shown}")
    return paths


def _read(row: Mapping[str, Any], path: Path) -> CocoImage:
    rgb = read_image(path)
    height, width = int(rgb.shape[0]), int(rgb.shape[1])
    said = (row.get("height", height), row.get("width", width))
    if said != (height, width):
        raise BadInput(f"{path} is {width}x{height}, the file says {said[1]}x{said[0]} (width x height)")
    ref = ImageRef(image_sha256(rgb), row["file_name"], height, width)
    own = row.get("semsam")
    if not isinstance(own, dict):
        return CocoImage(ref, path=path)
    if (own.get("sha256") or ref.sha256) != ref.sha256:
        raise BadInput(f"{path} is not the image that was annotated: its pixels differ")
    plane = own.get("plane") or []
    if not isinstance(plane, list) or not all(isinstance(index, int) for index in plane):
        raise BadInput(f"image {row['id']}: a plane is a list of whole numbers, not {plane!r}")
    split, group = own.get("split"), own.get("group")
    if split is not None and (split not in SPLITS or not isinstance(group, str | None)):
        raise BadInput(f"image {row['id']}: a split is one of {', '.join(SPLITS)}, not {split!r}")
    return CocoImage(ref, tuple(plane), None if split is None else Split(split, group), path)
