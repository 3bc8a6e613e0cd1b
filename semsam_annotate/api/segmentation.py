"""What ``segment`` answers for semantic and panoptic tasks: a label map with its segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api.errors import BadInput
from semsam_annotate.api.rle import checked_rle, decode_rle, encode_rle

Task = Literal["instance", "semantic", "panoptic", "parts"]
"""Instances of objects, one class a pixel, one segment a pixel, instances of parts."""

LabelMap = NDArray[np.int32]
"""(H, W) int32: the id of the segment that a pixel belongs to, 0 for none."""


@dataclass(frozen=True)
class Segment:
    """One segment of a label map: its ``id`` there, from 1, the object ``name``, and how sure the model is, 0..1."""

    id: int
    name: str
    score: float
    area: int


@dataclass(frozen=True)
class Segmentation:
    """``labels``: (H, W) int32, 0 where nothing of the vocabulary is. ``segments``: one for each other id."""

    labels: LabelMap
    segments: tuple[Segment, ...]

    def mask(self, segment: Segment) -> NDArray[np.bool_]:
        """(H, W) bool of one segment."""
        out: NDArray[np.bool_] = self.labels == segment.id
        return out

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values: the size, and each segment with its mask as RLE."""
        return {
            "size": list(self.labels.shape),
            "segments": [
                {"id": one.id, "name": one.name, "score": one.score, "mask": encode_rle(self.mask(one))}
                for one in self.segments
            ],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Segmentation":
        """Back from ``to_json``; BadInput when a field is missing or wrong, or segments overlap."""
        try:
            height, width = (int(side) for side in value["size"])
            masks = [decode_rle(checked_rle(item["mask"])) for item in value["segments"]]
            found = [(int(item["id"]), str(item["name"]), float(item["score"])) for item in value["segments"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"not a segmentation: {error}") from error
        labels = np.zeros((height, width), np.int32)
        for (number, _, _), mask in zip(found, masks, strict=True):
            if mask.shape != labels.shape or number < 1 or labels[mask].any():
                raise BadInput(
                    f"segment {number} of a segmentation has another size, an id below 1, or overlaps another"
                )
            labels[mask] = number
        return cls(labels, segments_of(labels, found))


def segments_of(labels: LabelMap, found: Sequence[tuple[int, str, float]]) -> tuple[Segment, ...]:
    """Segments from (id, name, score) with the areas that they have in a label map."""
    areas = np.bincount(labels.ravel(), minlength=max((number for number, _, _ in found), default=0) + 1)
    return tuple(Segment(number, name, score, int(areas[number])) for number, name, score in found)


def checked_task(task: str) -> Task:
    """The task of a name; BadInput lists the known ones."""
    for known in get_args(Task):
        if task == known:
            chosen: Task = known
            return chosen
    raise BadInput(f"a task is one of {', '.join(get_args(Task))}, not {task!r}")
