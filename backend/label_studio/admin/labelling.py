"""The labelling config of a project: what ``config.parse_config`` reads, written from its vocabulary."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Comment, Element, SubElement, canonicalize, indent, tostring

from semsam_annotate.annotations.classes import ObjectClass, PartClass
from semsam_annotate.annotations.project_config import ProjectConfig
from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.config import GENERIC
from semsam_annotate.backend.label_studio.xml import parse_xml

OBJECT_COLOUR, PART_COLOUR = "#1f77b4", "#d62728"
"""Of the bare words "Object" and "Part", which stand in for names where a project has none yet."""
_MARK = re.compile(r"<!-- semsam ([0-9a-f]{16}) -->")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class LabelTag:
    """A ``<Label>``; ``part``: said only where the value alone would be read otherwise."""

    value: str
    colour: str
    part: bool | None = None


def labelling_config(project: ProjectConfig) -> str:
    """The XML: brush, keypoint and rectangle with every object and part, a level and a score for each region.

    One keypoint tool serves both signs (Alt+click is negative). BadInput when a name cannot be a label.
    """
    labels = project_labels(project.objects, project.parts)
    view = Element("View")
    SubElement(view, "Image", name="image", value="$image", zoom="true", zoomControl="true", rotateControl="true")
    _geometry(view, "KeyPointLabels", "keypoint", labels, smart="true", smartOnly="true", strokeWidth="3")
    _geometry(view, "RectangleLabels", "rectangle", labels, smart="true", smartOnly="true")
    _geometry(view, "BrushLabels", "brush", labels)
    if not project.objects and not project.parts:
        for name in ("object_name", "part_name"):
            SubElement(view, "TextArea", name=name, toName="image", perRegion="true", editable="true", rows="1")
    SubElement(view, "Number", name="level", toName="image", perRegion="true", min="1", max="6", step="1")
    SubElement(view, "Number", name="score", toName="image", perRegion="true", min="0", max="1", step="0.0001")
    view.insert(0, Comment(f" semsam {_digest(view)} "))
    indent(view)
    return tostring(view, encoding="unicode") + "\n"


def project_labels(objects: Sequence[ObjectClass], parts: Sequence[PartClass]) -> list[LabelTag]:
    """Objects, then parts as ``object:part``, or by their bare name when they belong to any object."""
    if not objects and not parts:
        return [LabelTag("Object", OBJECT_COLOUR), LabelTag("Part", PART_COLOUR)]
    names = {item.name for item in objects}
    labels = [LabelTag(item.name, item.color, False if misread(item.name) else None) for item in objects]
    for part in parts:
        if not part.objects and part.name in names:
            raise BadInput(
                f"the part {part.name!r} is called like an object: say in project.toml which objects have it"
            )
        owned = [LabelTag(f"{owner}:{part.name}", part.color) for owner in part.objects]
        labels += owned or [LabelTag(part.name, part.color, True)]
    _check(labels)
    return labels


def written_by_us(text: str) -> bool:
    """Whether a config is one that ``labelling_config`` wrote and nobody changed since."""
    mark = _MARK.search(text)
    return mark is not None and mark.group(1) == _digest(parse_xml(text))


def same_config(first: str, second: str) -> bool:
    """Whether two configs say the same, whatever their spaces and comments."""
    return bool(first.strip() and second.strip()) and _canonical(parse_xml(first)) == _canonical(parse_xml(second))


def _geometry(view: Element, tag: str, name: str, labels: Iterable[LabelTag], **attributes: str) -> None:
    control = SubElement(view, tag, {"name": name, "toName": "image", **attributes})
    for label in labels:
        said = {} if label.part is None else {"part": str(label.part).lower()}
        SubElement(control, "Label", {"value": label.value, "background": label.colour, **said})


def misread(name: str) -> bool:
    """A slash would be read as ``object/part``, "Object" as the kind."""
    return "/" in name or name.lower() in GENERIC


def _check(labels: Iterable[LabelTag]) -> None:
    for label in labels:
        if _NOT_XML.search(label.value):
            raise BadInput(f"the name {label.value!r} has a character that XML cannot hold: rename it in project.toml")


def _digest(root: Element) -> str:
    return hashlib.sha256(_canonical(root).encode("utf-8")).hexdigest()[:16]


def _canonical(root: Element) -> str:
    return canonicalize(tostring(root, encoding="unicode"), strip_text=True)
