"""Where the image files of a project lie: which one a reference means, and what an import adds to the list."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from os.path import abspath
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.coco_images import CocoImage, find_image
from semsam_annotate.annotations.image_files import listed_images
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.record import ImageRef, path_from
from semsam_annotate.api import BadInput


def file_of(ref: ImageRef, project: Path, entries: Sequence[str]) -> Path:
    """The file of a reference in a ``project``'s folder or its ``entries`` of images; of several the one that fits.

    A whole path that is there is meant as it is; others may name a file in each of the folders. BadInput when there is
    none.
    """
    direct = project / ref.path
    if PurePosixPath(ref.path).is_absolute() and direct.is_file():
        return direct
    tried = _tried(ref, direct, [project / entry for entry in entries])
    found = [path for path in dict.fromkeys(tried) if path.is_file()]
    if not found:
        raise BadInput(f"the image {ref.path} is not in the project {project} any more: add its folder again")
    return found[0] if len(found) == 1 else next((path for path in found if _fits(path, ref)), found[0])


def placed(image: CocoImage, folder: Path) -> CocoImage:
    """A found image, its path as seen from the project's ``folder``: its name in a file comes again in others."""
    if image.path is None:
        return image
    return replace(image, ref=replace(image.ref, path=path_from(folder, Path(abspath(image.path)))))


def folders_to_add(folder: Path, source: Path, images: Collection[Path]) -> list[Path]:
    """What joins a project in ``folder`` so that it lists ``images``: ``source`` that holds them, or less.

    The project's own folder cannot, since exports and reports lie in it, too.
    """
    if not images:
        return []
    common = Path(os.path.commonpath([str(path.parent.resolve()) for path in images]))
    own = folder.resolve()
    return next(([path] for path in (source, common) if not own.is_relative_to(path.resolve())), sorted(images))


def unlisted(
    images: Iterable[CocoImage], known: Iterable[ImageRef], project: Path, entries: Sequence[str]
) -> list[Path]:
    """The files of imported images that a project does not list, under whichever path it has ``known`` them."""
    refs, listed = {ref.sha256: ref for ref in known}, set(listed_images(project, entries))

    def is_listed(ref: ImageRef) -> bool:
        try:
            return file_of(ref, project, entries) in listed
        except BadInput:
            return False

    files = {image.path: refs[image.ref.sha256] for image in images if image.path is not None}
    return [path for path, ref in files.items() if not is_listed(ref)]


def _tried(ref: ImageRef, direct: Path, folders: Sequence[Path]) -> Iterator[Path]:
    yield direct
    yield from (folder for folder in folders if folder.name == direct.name)
    inside = (_inside(folder, ref.path) for folder in folders if folder.is_dir())
    yield from (path for path in inside if path is not None)


def _inside(folder: Path, name: str) -> Path | None:
    """The file of that name; of a whole path, whose folders have moved, by the longest end that is there."""
    path = PurePosixPath(name)
    if not path.is_absolute() or ".." in path.parts:
        return find_image(folder, name)
    ends = (folder.joinpath(*path.parts[start:]) for start in range(1, len(path.parts)))
    return next((end for end in ends if end.is_file()), None)


def _fits(path: Path, ref: ImageRef) -> bool:
    try:
        return image_sha256(read_image(path)) == ref.sha256
    except BadInput:
        return False
