"""What rows of images have in common, and the maps that belong to them: read with care, whoever wrote them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from semsam_annotate.training.data import problem
from semsam_annotate.training.data.readers.marks import Frame, usable_size
from semsam_annotate.training.data.readers.pictures import find_picture, leaves

T = TypeVar("T")

FACTS = ("id", "level", "score", "track", "author")
"""Of a record, in the rows of masks that we write."""


def frame_of(row: Mapping[str, Any], folder: Path, format: str, split: str | None = None) -> Frame:
    """The frame of a row with "file_name", "height" and "width"; one without a usable size has none and says so."""
    name = str(row.get("file_name"))
    path, problems = find_picture(folder, [name], f"image {name}")
    height, width = usable_size(row.get("height"), row.get("width"))
    frame = Frame(path, height, width, format, where=f"image {name}", named=name, problems=list(problems), split=split)
    if height * width == 0:
        frame.complain(problem.NO_SIZE, detail=f"{row.get('width')}x{row.get('height')}")
    return frame


def read_map(frame: Frame, folder: Path, name: str, values: Callable[[Image.Image], T]) -> T | None:
    """``values`` of the map of a frame's size, None for one that cannot be read, which the frame then says."""
    if leaves(name):
        frame.complain(problem.PATH_LEAVES, detail=name)
        return None
    try:
        with Image.open(folder / name) as file:
            if (file.height, file.width) != (frame.height, frame.width):
                frame.complain(problem.IMAGE_SIZE, detail=f"{name} is {file.width}x{file.height}")
                return None
            return values(file)
    except FileNotFoundError:
        frame.complain(problem.NO_MASK, detail=f"{folder / name} is not there")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        frame.complain(problem.NO_MASK, detail=f"{folder / name}: {error}")
    return None


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of a mask says beside its pixels and names: as it is there, not checked."""
    return {name: row[name] for name in FACTS if row.get(name) is not None}


def text_of(value: Any) -> str | None:
    """A text, or None for anything else, an empty one too: tables have no other word for what is not there."""
    return value if isinstance(value, str) and value else None
