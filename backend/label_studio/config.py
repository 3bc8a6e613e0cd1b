"""The labelling config: which controls there are, which labels are objects and which are parts.

A label is a part when it says so (``<Label value="wheel" part="true"/>``), when it is written ``object:part`` or
``object/part``, when its control's name contains "part", or when the project's vocabulary has it among its parts. The
bare words "Object" and "Part" name the kind, not a thing: then the project's vocabulary gives the names. A label that
says what it is means its words literally, slashes and "Object" too.

``model_score_threshold``, of a label or else of its control, is what label-studio-ml's backends call the score that a
prelabel needs; ``model_certainty_threshold``, read alike, is the probability that its name needs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.xml import parse_xml

_LABEL_TAGS = ("label", "choice")
MAX_LABELS = 4096
GENERIC = {"object": False, "objects": False, "part": True, "parts": True}
KINDS = "semsam_kinds"
"""In a task's data: "object" or "part" for labels that do not say it themselves, as ``admin.tasks`` writes it."""
SCORE, CERTAINTY = "model_score_threshold", "model_certainty_threshold"
_EMPTY = Vocabulary()


@dataclass(frozen=True)
class Label:
    """``value``: as Label Studio shows it. ``name``: bare name, None for "Object" or "Part". ``owner``: in "car:wheel",
    the object a part belongs to. ``score``, ``certainty``: of the mask and of its name, 0..1, that a prelabel needs,
    None where the config does not say."""

    value: str
    is_part: bool
    name: str | None
    owner: str | None = None
    score: float | None = None
    certainty: float | None = None


@dataclass(frozen=True)
class Control:
    """A tag with ``toName``: ``kind`` is its tag in lower case, as in the ``type`` of results."""

    name: str
    kind: str
    to_name: str
    labels: tuple[Label, ...]
    per_region: bool

    def label(self, value: str) -> Label | None:
        """The label of that value."""
        return next((label for label in self.labels if label.value == value), None)


@dataclass(frozen=True)
class LabelConfig:
    """``image``: name of the Image tag. ``image_key``: where its address is in a task's data. ``others``: names of
    further Image tags; nothing on them is taken or answered, and ``controls`` are without theirs."""

    image: str
    image_key: str
    controls: tuple[Control, ...]
    words: Vocabulary = field(default_factory=Vocabulary)
    others: tuple[str, ...] = ()

    def has(self, item: Mapping[str, Any]) -> bool:
        """Whether a result lies on the image, not on another one of the config."""
        return str(item.get("to_name")) not in self.others

    def brush(self) -> Control:
        """The control that masks belong to; BadInput when there is none."""
        found = self.first("brushlabels")
        if found is None or not found.labels:
            raise BadInput(
                'the labelling config needs <BrushLabels toName="…"> with labels on its <Image>: masks go there'
            )
        return found

    def first(self, kind: str, per_region: bool | None = None, words: tuple[str, ...] = ()) -> Control | None:
        """The first control of a kind on the image; ``words``: one of them is in its name."""
        for control in self.controls:
            fits = control.kind == kind and control.to_name == self.image and per_region in (None, control.per_region)
            if fits and (not words or any(word in control.name.lower() for word in words)):
                return control
        return None

    def label(self, value: str) -> Label | None:
        """The label of that value in any geometry control, the brush first."""
        controls = sorted(self.controls, key=lambda control: control.kind != "brushlabels")
        found = (control.label(value) for control in controls if control.kind.endswith("labels"))
        return next((label for label in found if label is not None), None)

    def label_of(self, value: str, control: str) -> Label | None:
        """The label of that value, from its own text where the config has none (dynamic labels); None for no text.

        ``control``: name of the one that it came from, which may say that it is a part.
        """
        text = " ".join(value.split())
        return self.label(value) or (_label({"value": text}, "part" in control.lower(), self.words) if text else None)

    def vocabulary(self) -> Vocabulary:
        """The names to score: the labels', and the project's where a label is only "Object" or "Part"."""
        labels = [label for control in self.controls if control.kind.endswith("labels") for label in control.labels]
        objects = [label.owner if label.is_part else label.name for label in labels]
        parts = [label.name for label in labels if label.is_part]
        more_objects = self.words.objects if any(not label.is_part and not label.name for label in labels) else ()
        more_parts = self.words.parts if any(label.is_part and not label.name for label in labels) else ()
        known = _distinct([*parts, *more_parts])
        said: dict[str, list[str | None]] = {}
        for label in labels:
            if label.is_part:
                said.setdefault((label.name or "").strip(), []).append(label.owner)
        owners = {part: self._owners(said.get(part, []), part) for part in known}
        return Vocabulary(_distinct([*objects, *more_objects]), known, owners=owners)

    def _owners(self, said: list[str | None], part: str) -> list[str]:
        """The objects that a part can belong to: those in its labels, or the project's where a label names none."""
        return _distinct(said) if said and all(said) else list(self.words.owners_of(part))


def parse_config(text: str, words: Vocabulary = _EMPTY) -> LabelConfig:
    """Read a labelling config; ``words``: the project's vocabulary. BadInput when it has no image or no controls.

    Of several images the one that a brush paints on, else the first.
    """
    root = parse_xml(text)
    images = {
        str(e.get("name")): e.get("value") or "" for e in root.iter() if e.tag.lower() == "image" and e.get("name")
    }
    if not images:
        raise BadInput('the labelling config has no <Image name="…" value="$…"/>')
    controls = tuple(
        _control(element, words) for element in root.iter() if element.get("toName") and element.get("name")
    )
    if len({label.value for control in controls for label in control.labels}) > MAX_LABELS:
        raise BadInput(f"a labelling config has at most {MAX_LABELS} different labels")
    if not controls:
        raise BadInput("the labelling config has no control with name and toName")
    painted = (control.to_name for control in controls if control.kind == "brushlabels" and control.to_name in images)
    image = next(painted, next(iter(images)))
    others = tuple(name for name in images if name != image)
    match = re.fullmatch(r"\$(\w+)", images[image].strip())
    kept = tuple(control for control in controls if control.to_name not in others)
    return LabelConfig(image, match.group(1) if match else "image", kept, words, others)


def _control(element: Element, words: Vocabulary) -> Control:
    name = str(element.get("name"))
    per_region = (element.get("perRegion") or "").lower() == "true"
    own = {key: element.attrib[key] for key in (SCORE, CERTAINTY) if key in element.attrib}
    labels = tuple(_label({**own, **child.attrib}, "part" in name.lower(), words) for child in _label_elements(element))
    return Control(name, element.tag.lower(), str(element.get("toName")), labels, per_region)


def _label_elements(element: Element) -> Iterator[Element]:
    for child in element.iter():
        if child.tag.lower() in _LABEL_TAGS and (child.get("value") or "").strip():
            yield child


def _label(attributes: Mapping[str, str], in_part_control: bool, words: Vocabulary) -> Label:
    value, needed = attributes["value"], (_threshold(attributes, SCORE), _threshold(attributes, CERTAINTY))
    bare, said = value.strip(), attributes.get("part")
    if bare.lower() in GENERIC and said is None:
        return Label(value, GENERIC[bare.lower()], None, None, *needed)
    owner, separator, part = _split(bare, (":", "/") if said is None else (":",))
    if separator:
        return Label(value, True, part, owner, *needed)
    known = bare in words.parts and bare not in words.objects
    is_part = in_part_control or known if said is None else said.lower() == "true"
    return Label(value, is_part, bare, None, *needed)


def _threshold(attributes: Mapping[str, str], key: str) -> float | None:
    said = attributes.get(key)
    try:
        number = None if said is None else float(said)
    except ValueError:
        number = -1.0
    if number is not None and not 0 <= number <= 1:
        raise BadInput(f"{key} in the labelling config is a number from 0 to 1, not {str(said)[:40]!r}")
    return number


def _split(text: str, separators: tuple[str, ...]) -> tuple[str, str, str]:
    for separator in separators:
        owner, found, part = (side.strip() for side in text.partition(separator))
        if found and owner and part:
            return owner, found, part
    return text, "", ""


def _distinct(names: list[str | None]) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in names if name and name.strip()))
