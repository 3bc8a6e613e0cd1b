"""Writing a project's masks as tasks that Label Studio imports, for the config that ``labelling`` writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Written, flat, written
from semsam_annotate.annotations.json_file import write_json
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.brush_rle import encode_brush

NAMELESS = "parts without a name, which Label Studio takes for objects"
LOCAL_FILES = "/data/local-files/?d="
"""Of Label Studio, for images on its own disk."""
_CARRIED = ("parents", "levels", "scores")


def tasks_format(address: str = LOCAL_FILES) -> Format:
    """One JSON file of tasks with an annotation each; ``address``: what stands before the path of every image."""

    def write(scene: Scene, path: Path) -> Written:
        frames, lost = flat(scene.frames)
        records = [record for frame in frames for record in frame.records]
        lost[NAMELESS] = sum(record.kind == "part" and not record.part for record in records)
        if frames:
            write_json(path, [_task(scene, frame, address) for frame in frames])
        return written(frames, records, _CARRIED, lost)

    return Format("label-studio", "tasks of Label Studio with brush masks", write, folder=False)


def _task(scene: Scene, frame: Frame, address: str) -> dict[str, Any]:
    there = {record.id for record in frame.records}
    result = [item for record in frame.records for item in _results(scene, record, there)]
    data = {"image": address + quote(frame.name)}
    return {"id": frame.id, "data": data, "annotations": [{"id": frame.id, "result": result}]}


def _results(scene: Scene, record: Annotation, there: set[str]) -> Iterator[dict[str, Any]]:
    """The mask, then its level and score under the same id."""
    height, width = record.mask["size"]
    shared = {
        "id": record.id,
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }
    labels = _labels(scene, record)
    value = {"format": "rle", "rle": encode_brush(decode_rle(record.mask)), "brushlabels": labels}
    region = {**shared, "from_name": "brush", "type": "brushlabels", "value": value}
    region |= {"parentID": record.part_of} if record.part_of in there else {}
    yield region if record.score is None else {**region, "score": record.score}
    for name, number in (("level", record.level), ("score", record.score)):
        if number is not None:
            yield {**shared, "from_name": name, "type": "number", "value": {"number": number}}


def _labels(scene: Scene, record: Annotation) -> list[str]:
    """The label as the config has it: ``object:part``, or the bare part where its object has no name."""
    owner = record.object or scene.categories[record.id].object
    if record.kind == "object":
        return [] if record.object is None else [record.object]
    if not record.part:
        return []
    return [record.part if owner == UNLABELLED else f"{owner}:{record.part}"]
