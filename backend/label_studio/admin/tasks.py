"""Writing a project's masks as tasks that Label Studio imports, for the config that ``labelling`` writes."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import PARENTS, UNNAMED, Account
from semsam_annotate.annotations.json_file import write_json_list
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.admin.labelling import misread
from semsam_annotate.backend.label_studio.brush_rle import encode_brush
from semsam_annotate.backend.label_studio.config import KINDS

NAMELESS = "parts without a name, which Label Studio takes for objects"
LOCAL_FILES = "/data/local-files/?d="
"""Of Label Studio, for images on its own disk."""
_CARRIED = (PARENTS, "levels", "scores", UNNAMED)


def tasks_format(address: str = LOCAL_FILES) -> Format:
    """One JSON file of tasks with an annotation each; ``address``: what stands before the path of every image."""

    def write(scene: Scene, path: Path, account: Account) -> None:
        write_json_list(path, _tasks(scene, account, address))

    return Format("label-studio", "tasks of Label Studio with brush masks", write, folder=False, carries=_CARRIED)


def _tasks(scene: Scene, account: Account, address: str) -> Iterator[dict[str, Any]]:
    for frame in scene.frames():
        account.keep(frame, frame.records)
        nameless = sum(record.kind == "part" and not record.part for record in frame.records)
        there = {record.id for record in frame.records}
        below = sum(record.kind == "object" and record.part_of in there for record in frame.records)
        account.lose(Counter({NAMELESS: nameless, PARENTS: below}))  # Label Studio's hierarchy says nothing of objects
        yield _task(frame, address)


def _task(frame: Frame, address: str) -> dict[str, Any]:
    there = {record.id for record in frame.records}
    result = [item for record in frame.records for item in _results(frame, record, there)]
    data = {"image": address + quote(frame.name), **_kinds(frame)}
    return {"id": frame.id, "data": data, "annotations": [{"id": frame.id, "result": result}]}


def _kinds(frame: Frame) -> dict[str, Any]:
    """Of labels that would be read otherwise, where a file comes without its config, whether they are parts."""
    used = {label: record.kind for record in frame.records for label in _labels(frame, record)}
    said = {label: kind for label, kind in used.items() if (":" not in label if kind == "part" else misread(label))}
    return {KINDS: said} if said else {}


def _results(frame: Frame, record: Annotation, there: set[str]) -> Iterator[dict[str, Any]]:
    """The mask, then its level and score under the same id."""
    height, width = record.mask["size"]
    shared = {
        "id": record.id,
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }
    labels = _labels(frame, record)
    value = {"format": "rle", "rle": encode_brush(decode_rle(record.mask)), "brushlabels": labels}
    region = {**shared, "from_name": "brush", "type": "brushlabels", "value": value}
    region |= {"parentID": record.part_of} if record.part_of in there else {}
    yield region if record.score is None else {**region, "score": record.score}
    for name, number in (("level", record.level), ("score", record.score)):
        if number is not None:
            yield {**shared, "from_name": name, "type": "number", "value": {"number": number}}


def _labels(frame: Frame, record: Annotation) -> list[str]:
    """The label as the config has it: ``object:part``, or the bare part where its object has no name."""
    above = frame.categories[record.id].object
    owner = record.object if above == UNLABELLED else above
    if record.kind == "object":
        return [] if record.object is None else [record.object]
    if not record.part:
        return []
    return [record.part if owner is None else f"{owner}:{record.part}"]
