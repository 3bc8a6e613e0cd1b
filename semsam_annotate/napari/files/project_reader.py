"""Opening a project folder as layers: its images with their accepted masks."""

from pathlib import Path

from napari.utils.notifications import show_warning

from semsam_annotate.annotations import Project, image_sha256, read_image
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.napari.files.json_reader import ReaderFunction
from semsam_annotate.napari.files.picture_layers import MOST_IMAGES, LayerData, OpenedPicture, all_layers
from semsam_annotate.napari.state.accepted import AcceptedMask


def get_project_reader(path: str | list[str]) -> ReaderFunction | None:
    """What opens a project folder, or its ``project.toml``; None for any other folder or file."""
    if not isinstance(path, str):
        return None
    given = Path(path)
    folder = given.parent if given.name == "project.toml" else given
    return (lambda _: open_project(folder)) if (folder / "project.toml").is_file() else None


def open_project(folder: Path) -> list[LayerData]:
    """Layers of the first images of a project; BadInput, a ValueError of one line, when it cannot be read."""
    try:
        with Project.open(folder) as project:
            return _layers(project)
    except (SemsamError, OSError) as error:
        raise BadInput(str(error)) from error


def _layers(project: Project) -> list[LayerData]:
    files, pictures, unread = _files(project), list[OpenedPicture](), list[str]()
    for path in files:
        if len(pictures) == MOST_IMAGES:
            break
        try:
            pictures.append(_picture(project, path))
        except BadInput as error:
            unread.append(str(error))
    if not pictures:
        raise BadInput(unread[0] if unread else f"the project {project.folder} has no images yet")
    layers, left = all_layers(pictures)
    shown, total = sum(len(picture.masks) for picture in pictures) - left, project.store.count()
    if unread or len(files) > len(pictures) or shown < total:
        line = f"{len(pictures)} of {len(files)} images opened, with {shown} of {total} accepted masks"
        show_warning("; ".join([f"{project.folder.name}: {line}", *unread]))
    return layers


def _files(project: Project) -> list[Path]:
    """The project's images in their order, then files of annotated images that it does not list."""
    files = {path.resolve(): path for path in project.images()}
    for ref in project.store.images():
        try:
            path = project.image_path(ref)
        except BadInput:  # gone: its masks are missing in the count that is told
            continue
        files.setdefault(path.resolve(), path)
    return list(files.values())


def _picture(project: Project, path: Path) -> OpenedPicture:
    rgb = read_image(path)
    masks = [AcceptedMask.of(record) for record in project.store.annotations(image=image_sha256(rgb))]
    return OpenedPicture(path.stem, (int(rgb.shape[0]), int(rgb.shape[1])), masks, path)
