"""One image of a shard: annotation as JSON, photo as JPEG."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.encoding import to_json
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.packed_masks import masks_to_json
from semsam_annotate.training.data.record import OBJECT, PART, UNKNOWN, Names, TrainingImage, check_parents
from semsam_annotate.training.data.segments import Segment, Unusable, read_segment


def annotation_to_json(sample: TrainingImage, entry: ImageEntry) -> bytes:
    """Masks and names of the shrunk image, and where it came from."""
    exhaustive = {"exhaustive": sorted(sample.exhaustive)} if sample.exhaustive else {}
    origin = {"source": entry.source, "license": entry.license_class, "name": entry.path.name}
    return to_json({**masks_to_json(sample), **exhaustive, **origin})


def entry_from_json(text: bytes, path: Path, span: tuple[int, int], where: str) -> ImageEntry:
    """An image whose photo lies at ``span`` (offset, size) of the tar ``path``; BadInput names ``where``."""
    try:
        return _entry(json.loads(text), path, span)
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError, Unusable) as error:
        raise BadInput(f"{where}: the annotation is damaged or something else: {error!s:.100}") from error


def _entry(row: dict[str, Any], path: Path, span: tuple[int, int]) -> ImageEntry:
    height, width = (int(side) for side in row["size"])
    segments = tuple(_segment(counts, height, width) for counts in row["counts"])
    parents = np.array([_whole(parent) for parent in row["parents"]], np.int64)
    check_parents(parents)
    entry = ImageEntry(
        path=path,
        height=height,
        width=width,
        segments=segments,
        kinds=tuple(_kind(kind) for kind in row["kinds"]),
        objects=_names(row["objects"]),
        parts=_names(row["parts"]),
        parents=tuple(parents.tolist()),
        source=str(row["source"]),
        license_class=str(row["license"]),
        ids=tuple(range(len(segments))),
        boxed=tuple(bool(boxed) for boxed in row.get("boxed", ())),
        exhaustive=frozenset(str(name) for name in row.get("exhaustive", ())),
        span=span,
    )
    columns = (entry.kinds, entry.objects, entry.parts, entry.parents, entry.box_only)
    if any(len(column) != len(entry) for column in columns):
        raise ValueError("masks and names differ in number")
    return entry


def _segment(counts: str, height: int, width: int) -> Segment:
    return read_segment({"size": [height, width], "counts": str(counts)}, height, width)[0]


def _kind(given: Any) -> int:
    if given not in (OBJECT, PART, UNKNOWN):
        raise ValueError(f"no kind of mask: {given!r:.20}")
    return _whole(given)


def _whole(given: Any) -> int:
    if type(given) is not int:
        raise ValueError(f"not a whole number: {given!r:.20}")
    return given


def _names(given: list[Any]) -> Names:
    return tuple(None if name is None else str(name) for name in given)
