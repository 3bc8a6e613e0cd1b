"""Which layout is imported by whom: COCO and part JSON by annotations, tasks by the backend, the rest by training."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from semsam_annotate.annotations import read_import
from semsam_annotate.annotations.coco_read import CocoContent
from semsam_annotate.annotations.foreign import GivenImage, GivenMask, foreign_content
from semsam_annotate.annotations.named_files import NamedFiles
from semsam_annotate.annotations.project_config import read_config
from semsam_annotate.api import BadInput, Vocabulary

if TYPE_CHECKING:
    from semsam_annotate.training.data.entry import ImageEntry
    from semsam_annotate.training.data.problem import Problem
    from semsam_annotate.training.data.readers import DataSet

STUDIO = "label-studio"
LAYOUTS = {
    "coco": "coco",
    "parts": "paco",
    "panoptic": "panoptic",
    "lvis": "lvis",
    "pascal-part": "pascal-part",
    "partimagenet": "partimagenet",
    "labels": "label-maps",
    "yolo": "yolo",
    "datasets": "datasets",
    "labelme": "labelme",
    "sa-1b": "sa-1b",
}
"""What a person calls the layouts that come in, and what their readers do."""
ELSEWHERE = {
    "project": "it is a project: export it as coco and import that",
    "shards": "its images are inside shards: import what they were made of",
    "objects365": "it has boxes alone, and no masks",
}
ENDINGS = (".json", ".mat", ".tar")
"""Of files whose layout is recognised; one of another ending may be COCO."""
Progress = Callable[[int, int], None]


def read_any(
    format: str, source: Path, images: Path | None, project: Path, progress: Progress | None = None
) -> CocoContent:
    """Read a file or folder of a layout, "auto" for whichever it is; nothing is stored.

    Raises BadInput: nothing is there, the layout is not known or another one, or anything in it is wrong.
    """
    known = ("auto", *LAYOUTS, STUDIO)
    if format not in known:
        raise BadInput(f"unknown format {format!r}: one of {', '.join(known)}")
    if format in ("coco", "parts") or (format == "auto" and source.is_file() and source.suffix not in ENDINGS):
        return read_import("coco" if format == "auto" else format, source, images, progress)
    if format == STUDIO or (format == "auto" and _is_tasks(source)):
        return _tasks(source, images, project, progress)
    data = _opened(source, images)
    if data.format in ELSEWHERE:
        raise BadInput(f"{source} cannot be imported: {ELSEWHERE[data.format]}")
    if format != "auto" and data.format != LAYOUTS[format]:
        names = {layout: name for name, layout in LAYOUTS.items()}
        raise BadInput(f"{source} is {names[data.format]}, not {format}")
    if data.format in ("coco", "paco"):
        return _strictly(data, images, progress)
    return _from_readers(source, data, progress)


def _strictly(data: "DataSet", images: Path | None, progress: Progress | None) -> CocoContent:
    """COCO and part JSON as ``annotations`` reads them, which knows all that we write there."""
    from semsam_annotate.training.data.readers.coco import CocoSet

    assert isinstance(data, CocoSet)
    return read_import("coco" if data.format == "coco" else "parts", data.index.path, images or data.folder, progress)


def _is_tasks(source: Path) -> bool:
    """Whether a file is a JSON list, as only Label Studio's are."""
    if not source.is_file() or source.suffix != ".json":
        return False
    with source.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _tasks(source: Path, images: Path | None, project: Path, progress: Progress | None) -> CocoContent:
    from semsam_annotate.backend.label_studio.admin.importing import tasks_content

    folder = source.parent if images is None else images
    if not folder.is_dir():
        raise BadInput(f"no such folder of images: {folder}")
    config = project / "project.toml"
    words = read_config(config).vocabulary() if config.exists() else Vocabulary()
    with _refused(source):
        return tasks_content(source, folder, words, progress)


def _opened(source: Path, images: Path | None) -> "DataSet":
    from semsam_annotate.training.data.readers import open_data

    with _extras(), _refused(source):
        return open_data(source, images, as_written=True)


def _from_readers(source: Path, data: "DataSet", progress: Progress | None) -> CocoContent:
    passed, names = Counter[str](), NamedFiles()
    _refuse(data.problems)
    given = []
    with _extras(), _refused(source):
        for number, entry in enumerate(data, start=1):
            given.append(_given(entry, passed))
            names.check(source, entry.path, entry.named)
            _tell(progress, number, 2 * len(data))
    layout = next(name for name, layout in LAYOUTS.items() if layout == data.format)
    images = [image for image in given if image is not None]
    content = foreign_content(source, layout, images, lambda done, all: _tell(progress, all + done, 2 * all))
    content.crowds, content.empty = passed.pop("crowds"), content.empty + passed.pop("empty")
    content.passed = passed
    return content


def _tell(progress: Progress | None, done: int, total: int) -> None:
    """An image is read twice: what is known of its masks, then its pixels."""
    if progress is not None:
        progress(done, total)


@contextmanager
def _extras() -> Iterator[None]:
    """The core install reads most layouts; a few need a library more."""
    try:
        yield
    except ImportError as error:
        raise BadInput(
            f"this layout needs the extra 'train' ({error}): pip install 'semsam-annotate[train]'"
        ) from error


@contextmanager
def _refused(source: Path) -> Iterator[None]:
    """Whatever a damaged file does to its reader, it is one line about that file."""
    try:
        yield
    except BadInput:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(f"{source} cannot be read: {error}") from error


def _given(entry: "ImageEntry", passed: Counter[str]) -> GivenImage | None:
    """An image as the store takes it, None where all its masks lie in planes; what is passed over is counted."""
    from semsam_annotate.training.data.problem import EMPTY_MASK, IN_PLANE, NO_AREA, SHORT_POLYGON

    kinds = Counter(problem.kind for problem in entry.problems)
    passed["crowds"] += entry.crowds
    passed["empty"] += kinds[EMPTY_MASK]
    passed["images whose masks lie in planes of stacks"] += kinds[IN_PLANE]
    passed["shapes without area"] += kinds[NO_AREA]
    passed["polygons of fewer than three points"] += kinds[SHORT_POLYGON]
    if kinds[IN_PLANE]:
        return None
    _refuse(entry.problems)
    if entry.span is not None:
        raise BadInput(f"{entry.path} is a tar: unpack it, since a project keeps its images as files")
    boxes = [place for place, boxed in enumerate(entry.box_only) if boxed]
    passed["boxes without a mask"] += len(boxes)
    kept = [place for place in range(len(entry)) if place not in set(boxes)]
    places = {old: new for new, old in enumerate(kept)}
    masks = tuple(_mask(entry, place, places) for place in kept)
    return GivenImage(entry.path, entry.height, entry.width, masks, entry.split)


def _mask(entry: "ImageEntry", place: int, places: Mapping[int, int]) -> GivenMask:
    from semsam_annotate.training.data.record import PART

    segment = entry.segments[place]
    return GivenMask(
        mask={"size": list(segment["size"]), "counts": segment["counts"].decode("ascii")},
        kind="part" if entry.kinds[place] == PART else "object",
        object=entry.objects[place],
        part=entry.parts[place],
        parent=places.get(entry.parents[place], -1),
        facts=entry.facts[place] if entry.facts else {},
    )


def _refuse(problems: Sequence["Problem"]) -> None:
    """BadInput for what a reader passes over when it learns, but an import would lose."""
    from semsam_annotate.training.data import problem

    harmless = {problem.EMPTY_MASK, problem.SHORT_POLYGON, problem.BOX_OUTSIDE, problem.NO_AREA}
    harmless |= {problem.IN_PLANE, problem.PATH_LEAVES}  # counted; a picture of that name in the folder is taken
    lines = [one.line() for one in problems if one.kind not in harmless]
    if lines:
        raise BadInput(lines[0] + (f", and {len(lines) - 1} more like that" if len(lines) > 1 else ""))
