"""Tasks as Label Studio exports them (JSON), read as records: holes, pieces, score, level and parent included."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from semsam_annotate.annotations.images import MAX_PIXELS
from semsam_annotate.annotations.record import Annotation, ImageRef, Source
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.accepted import Region, read_regions
from semsam_annotate.backend.label_studio.admin.image_names import ExportedImages, stable_id
from semsam_annotate.backend.label_studio.config import KINDS, LabelConfig, parse_config
from semsam_annotate.backend.label_studio.news import Written, read_news
from semsam_annotate.backend.label_studio.shapes import GEOMETRY, is_mask

UNTOLD = "1970-01-01T00:00:00.000000+00:00"
"""The time of an annotation whose task does not tell it: the same at every reading."""

SYSTEM = "label-studio"
ELSEWHERE = "masks on another image of their task"


@dataclass(frozen=True)
class Exported:
    """``addresses``: of every image to ``fetch_image``, by what stands in ``ImageRef.sha256``. ``skipped``: annotations
    that were cancelled or hold no mask. ``older``: left out for a newer one of their task. ``left``: how many of what
    was drawn is not carried: no masks, by their type in Label Studio, or masks on another image of the config."""

    records: list[Annotation]
    addresses: dict[str, str]
    skipped: int
    older: int
    left: dict[str, int] = field(default_factory=dict)


def read_tasks(tasks: Any, config: LabelConfig, every: bool = False) -> Exported:
    """The records of exported tasks; of a task with several annotations the ground truth, else the newest.

    ``every``: all of them. Images have the digest of their address in place of a sha256: nobody saw their pixels.
    BadInput, naming the task, when something in it is damaged.
    """
    records: list[Annotation] = []
    skipped = older = 0
    left: Counter[str] = Counter()
    images = ExportedImages(config.image_key)
    for task in checked_tasks(tasks):
        useful = [item for item in task["annotations"] if not item.get("was_cancelled") and item.get("result")]
        chosen = useful if every else _best(useful)
        older += len(useful) - len(chosen)
        skipped += len(task["annotations"]) - len(useful)
        for item in chosen:
            found = _records(task, item, config, images)
            left.update(_not_carried(item["result"], config))
            skipped += not found
            records += found
    return Exported(records, images.addresses, skipped, older, dict(sorted(left.items())))


def checked_tasks(tasks: Any) -> list[dict[str, Any]]:
    """The tasks; BadInput when this is no JSON export with its annotations. Ids become names of files."""
    listed: list[Any] = tasks if isinstance(tasks, list) else [None]
    for task in listed:
        annotations = task.get("annotations") if isinstance(task, dict) and isinstance(task.get("data"), dict) else None
        if not isinstance(annotations, list) or not all(isinstance(item, dict) for item in annotations):
            raise BadInput(
                "this is no JSON export of Label Studio: a list of tasks with data and annotations (not JSON-MIN)"
            )
        id = task.get("id")
        if id is not None and (isinstance(id, bool) or not isinstance(id, int)):
            raise BadInput(f"the id of a task is a whole number, not {ascii(id)[:40]}")
    return listed


def config_of(tasks: Iterable[dict[str, Any]], words: Vocabulary) -> LabelConfig:
    """The config that the results speak of, for a file that comes without: labels as far as they were used."""
    view, controls = Element("View"), dict[str, Element]()
    targets, keys = dict[str, None](), list[str]()
    for task in tasks:
        kinds = dict.fromkeys(words.objects, "object") | _kinds(task["data"])
        results = [item.get("result") for item in task["annotations"]]
        for part in (part for result in results if isinstance(result, list) for part in result):
            if isinstance(part, dict) and isinstance(part.get("value"), dict):
                _add_control(view, controls, part, kinds)
                targets.update({str(part.get("to_name")): None} if is_mask(part) else {})
        keys = keys or [key for key, value in task["data"].items() if _is_address(value)]
    for target in targets or [next((str(control.get("toName")) for control in controls.values()), "image")]:
        SubElement(view, "Image", name=target, value=f"${_key_of(target, keys, len(targets) > 1)}")
    return parse_config(tostring(view, encoding="unicode"), words)


def _key_of(target: str, keys: Sequence[str], among_others: bool) -> str:
    """Where in a task's data the image of that name is; BadInput where several are and none is called so."""
    if target not in keys and among_others and len(keys) > 1:
        raise BadInput("masks lie on several images of a task: give the labelling config too (--config)")
    return target if target in keys else next(iter(keys), "image")


def _best(annotations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(annotations, key=lambda item: (bool(item.get("ground_truth")), str(item.get("updated_at") or "")))
    return ordered[-1:]


def _records(
    task: dict[str, Any], item: dict[str, Any], config: LabelConfig, images: ExportedImages
) -> list[Annotation]:
    try:
        project = {"id": task.get("project") or 0, "label_config": ""}
        (told,) = read_news({"action": "ANNOTATION_CREATED", "project": project, "task": task, "annotation": item})
        assert isinstance(told, Written)
        size = _size(told.result, config)
        if size is None:
            return []
        image = images.of(task, size)
        regions = read_regions(told.result, config, *size)
    except BadInput as error:
        raise BadInput(f"task {task.get('id')}, annotation {item.get('id')}: {error}") from error
    return [_record(region, told, image, len(regions)) for region in regions]


def _record(region: Region, told: Written, image: ImageRef, many: int) -> Annotation:
    def name(id: str) -> str:
        return str(stable_id(f"{told.project}/{told.id}/{id}"))

    return Annotation(
        id=name(region.id), image=image, mask=region.mask, kind="part" if region.is_part else "object",
        object=region.object, part=region.part, part_of=None if region.parent is None else name(region.parent),
        level=region.level, score=region.score, author=told.author,
        time=UNTOLD if told.version == "0" else told.version,
        seconds=None if told.seconds is None else told.seconds / many,
        source=Source(SYSTEM, told.project, f"{told.id}/{region.id}/{told.version}"),
    )  # fmt: skip


def _not_carried(result: Any, config: LabelConfig) -> list[str]:
    """Types of what cannot be carried: boxes, points and lines, and relations; not what led to a mask of its id."""
    items = [item for item in result if isinstance(item, dict)] if isinstance(result, list) else []
    masks = {str(item.get("id")) for item in items if is_mask(item)}
    drawn = [item for item in items if str(item.get("type")) in GEOMETRY and str(item.get("id")) not in masks]
    elsewhere = [ELSEWHERE for item in items if is_mask(item) and not config.has(item)]
    relations = [item for item in items if item.get("type") == "relation"]
    return [str(item["type"]) for item in [*drawn, *relations]] + elsewhere


def _size(result: Any, config: LabelConfig) -> tuple[int, int] | None:
    """(height, width) that the masks say, None when there is none."""
    for item in result if isinstance(result, list) else []:
        if isinstance(item, dict) and is_mask(item) and config.has(item):
            height, width = item.get("original_height"), item.get("original_width")
            if not isinstance(height, int) or not isinstance(width, int) or not 0 < height * width <= MAX_PIXELS:
                raise BadInput(f"a mask of {width}x{height} pixels (width x height)")
            return height, width
    return None


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith(("/data/", "data:image/")) or "://" in value)


def _kinds(data: Mapping[str, Any]) -> dict[str, str]:
    given = data.get(KINDS)
    said = given.items() if isinstance(given, dict) else ()
    return {label: kind for label, kind in said if kind in ("object", "part")}


def _add_control(view: Element, controls: dict[str, Element], part: dict[str, Any], kinds: Mapping[str, str]) -> None:
    """The control of a result, and its labels; one whose kind is known is meant literally, slashes too."""
    name, kind = str(part.get("from_name")), str(part.get("type"))
    if name not in controls and kind.isalpha():
        per_region = {} if kind.endswith("labels") else {"perRegion": "true"}
        attributes = {"name": name, "toName": str(part.get("to_name")), **per_region}
        controls[name] = SubElement(view, kind, attributes)
    labels = part["value"].get(kind)
    for label in labels if isinstance(labels, list) and kind.endswith("labels") and name in controls else []:
        if all(child.get("value") != label for child in controls[name]):
            said = kinds.get(str(label))
            literally = {} if said is None else {"part": str(said == "part").lower()}
            SubElement(controls[name], "Label", {"value": str(label), **literally})
