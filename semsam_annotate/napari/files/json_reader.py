"""Opening COCO instances and part JSON as layers: labels over their images."""

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from napari.utils.notifications import show_warning

from semsam_annotate.annotations.coco_images import Finder, find_image, ways_to_read
from semsam_annotate.annotations.coco_read import LISTS, CocoContent, CocoFile, parsed
from semsam_annotate.annotations.image_files import listed_images
from semsam_annotate.annotations.project_config import read_config
from semsam_annotate.api import BadInput
from semsam_annotate.napari.files.picture_layers import MOST_IMAGES, LayerData, OpenedPicture, all_layers
from semsam_annotate.napari.state.accepted import AcceptedMask

ReaderFunction: TypeAlias = Callable[[Any], list[LayerData]]


def get_json_reader(path: str | list[str]) -> ReaderFunction | None:
    """What opens a JSON file, None when it is neither COCO nor part JSON, so that other plugins get it.

    A damaged file that names what COCO has is taken: what opens it raises BadInput, a ValueError of one line.
    """
    if not isinstance(path, str) or not Path(path).is_file():
        return None
    data = Path(path).read_bytes()
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        plain = None
    named = all(f'"{name}"'.encode() in data for name in LISTS) if plain is None else _is_coco(plain)
    return (lambda _: _layers(Path(path), data, plain)) if named else None


def open_json(path: Path, images: Path | None = None) -> list[LayerData]:
    """Layers of a file whose images lie in a folder, by default beside it; BadInput when it cannot be read."""
    if not path.is_file():
        raise BadInput(f"no such file: {path}")
    if images is not None and not images.is_dir():
        raise BadInput(f"no such folder of images: {images}")
    data = path.read_bytes()
    return _layers(path, data, parsed(path, data), images)


def _is_coco(plain: Any) -> bool:
    return isinstance(plain, dict) and all(name in plain for name in LISTS)


def _layers(path: Path, data: bytes, plain: Any, images: Path | None = None) -> list[LayerData]:
    folder = images or path.absolute().parent
    file = CocoFile(path, data, parsed(path, data) if plain is None else plain)
    content = file.glance(folder, image_finder(folder), MOST_IMAGES)
    if not content.images:
        raise BadInput(f"{path} lists no images")
    layers, left = all_layers(_pictures(content))
    if not layers:
        raise BadInput(f"{path} holds no masks, and its images are not in {folder}")
    notes = _notes(content, len(file.images), left)
    if notes:
        show_warning(f"{path.name}: {'; '.join(notes)}")
    return layers


def image_finder(folder: Path) -> Finder:
    """Finds images by their name in a file: in ``folder`` or, when it is a project, among the images it lists.

    Never anything else outside: a name with ".." or from the root is looked for by its last part.
    """
    listed = (
        listed_images(folder, read_config(folder / "project.toml").images)
        if (folder / "project.toml").is_file()
        else []
    )

    def find(name: str) -> Path | None:
        ways = [way.parts for way in ways_to_read(name)]
        ending = (path for path in listed if any(path.parts[-len(way) :] == way for way in ways) and path.is_file())
        return find_image(folder, name) or next(ending, None)

    return find


def _pictures(content: CocoContent) -> list[OpenedPicture]:
    """Pictures in the file's order; rows that name the same pixels are one picture."""
    masks: dict[Any, list[AcceptedMask]] = {(image.ref.sha256, image.plane): [] for image in content.images}
    for record in content.records:
        masks[record.image.sha256, record.plane].append(AcceptedMask.of(record))
    images = {(image.ref.sha256, image.plane): image for image in reversed(content.images)}
    return [
        OpenedPicture(PurePosixPath(image.ref.path).stem, (image.ref.height, image.ref.width), masks[key], image.path)
        for key in masks
        for image in [images[key]]
    ]


def _notes(content: CocoContent, listed: int, left: int) -> list[str]:
    """What is in the file and not on screen."""
    opened = len(content.images)
    missing = [image.ref.path for image in content.images if image.path is None]
    notes = {
        f"only {opened} of {listed} images opened, semsam import takes all": listed > opened,
        f"not found beside the file, so masks alone: {', '.join(missing)}": missing,
        f"{content.crowds} crowd regions left out": content.crowds,
        f"{content.empty} empty masks left out": content.empty,
        f"{left} masks left out that lie over too many others": left,
    }
    return [note for note, true in notes.items() if true]
