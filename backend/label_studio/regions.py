"""Proposals as Label Studio regions: brush masks with label, level, score and parent, extras after the geometry."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsam_annotate.api import Ladder, Proposal, Tree
from semsam_annotate.backend.label_studio.brush_rle import encode_brush
from semsam_annotate.backend.label_studio.config import Control, Label, LabelConfig

INSIDE = 0.8
"""Share of a mask that its parent must hold."""
WHOLE_IMAGE = 0.9
"""Prelabels that cover more of the image are left out: in Label Studio every click would select them."""


@dataclass(frozen=True)
class Candidate:
    """A proposal with the region id it gets and the id of the region it is a part of."""

    proposal: Proposal
    id: str
    parent: str | None


def ladder_candidates(ladder: Ladder, config: LabelConfig) -> list[Candidate]:
    """Largest first, every part hung to the next larger rung that holds it."""
    rungs = list(reversed(list(ladder)))
    ids = [str(uuid.uuid4()) for _ in rungs]
    return [Candidate(rung, ids[n], _parent(rungs[: n + 1], ids, config)) for n, rung in enumerate(rungs)]


def tree_candidates(tree: Tree, limit: int, wanted: Callable[[Proposal], bool] = lambda _: True) -> list[Candidate]:
    """Parents before children, the best ``limit`` by score of those that leave some of the image free, if any do.

    Only those ``wanted``. A child whose parent fell out hangs to the next one up.
    """
    good = [node for node in tree if wanted(node.proposal)]
    useful = [node for node in good if node.proposal.area <= WHOLE_IMAGE * node.proposal.mask.size]
    nodes = sorted(useful or good, key=lambda node: -node.proposal.score)[:limit]
    ids = {id(node): str(uuid.uuid4()) for node in nodes}
    found = []
    for node in (node for node in tree if id(node) in ids):
        above = node.parent
        while above is not None and id(above) not in ids:
            above = above.parent
        found.append(Candidate(node.proposal, ids[id(node)], None if above is None else ids[id(above)]))
    return found


def prediction(
    candidates: Sequence[Candidate], config: LabelConfig, version: str, selected: str | None = None
) -> dict[str, Any]:
    """One prediction that holds every candidate; its score is the best one's."""
    brush = config.brush()
    result: list[dict[str, Any]] = []
    extras: list[dict[str, Any]] = []
    for candidate in candidates:
        region = _brush_region(candidate, config, brush, selected)
        result.append(region)
        extras.extend(_extras(candidate, config, region))
    best = max((candidate.proposal.score for candidate in candidates), default=0.0)
    return {"result": result + extras, "score": round(best, 4), "model_version": version}


def is_part(proposal: Proposal, config: LabelConfig) -> bool:
    """Whether a proposal is shown as a part: the model says so and the config has labels for parts."""
    return proposal.part_probability > 0.5 and any(label.is_part for label in config.brush().labels)


def _parent(rungs: Sequence[Proposal], ids: Sequence[str], config: LabelConfig) -> str | None:
    """Of the last rung; ``rungs``: it and the larger ones, largest first."""
    *larger, rung = rungs
    if not is_part(rung, config):
        return None
    for place in range(len(larger) - 1, -1, -1):
        if np.count_nonzero(rung.mask & larger[place].mask) >= INSIDE * max(rung.area, 1):
            return ids[place]
    return None


def label_of(proposal: Proposal, config: LabelConfig, selected: str | None = None) -> Label:
    """The label of the config's brush that a proposal is sent with; there is never another.

    What the annotator selected where it is of the same kind, else the model's best guess among the labels.
    """
    brush, part = config.brush(), is_part(proposal, config)
    chosen = None if selected is None else brush.label(selected)
    if chosen is not None and (chosen.is_part == part or all(label.is_part != part for label in brush.labels)):
        return chosen
    of_kind = [label for label in brush.labels if label.is_part == part] or list(brush.labels)
    return max(of_kind, key=lambda label: _chance(proposal, label))


def certainty(proposal: Proposal, label: Label) -> float:
    """Probability that a label names a proposal: of "car:wheel" that of the part in a car, of "Object" and "Part" 1.

    Where the model gives no names at all it is 1 too: there is nothing to judge by.
    """
    told = proposal.part_labels if label.is_part else proposal.object_labels
    return _chance(proposal, label) if label.name is not None and told else 1.0


def _chance(proposal: Proposal, label: Label) -> float:
    if label.name is None:
        return 1e-9  # "Object" or "Part": always true, says nothing
    objects = dict(proposal.object_labels)
    own = dict(proposal.part_labels).get(label.name, 0.0) if label.is_part else objects.get(label.name, 0.0)
    return own * objects.get(label.owner, 0.0) if label.owner is not None and objects else own


def _brush_region(candidate: Candidate, config: LabelConfig, brush: Control, selected: str | None) -> dict[str, Any]:
    proposal = candidate.proposal
    label = label_of(proposal, config, selected)
    region: dict[str, Any] = {
        "id": candidate.id,
        "from_name": brush.name,
        "to_name": config.image,
        "type": "brushlabels",
        "origin": "prediction",
        **_size(proposal),
        "score": round(proposal.score, 4),
        "readonly": False,
        "value": {"format": "rle", "rle": encode_brush(proposal.mask), "brushlabels": [label.value]},
        "meta": {"text": [_note(proposal)]},
    }
    return region if candidate.parent is None else {**region, "parentID": candidate.parent}


def _note(proposal: Proposal) -> str:
    """What the pills of Label Studio do not show: level, score and the best guesses.

    One text: Label Studio shows several without anything between them.
    """
    notes = [f"level {proposal.level}", f"score {proposal.score:.2f}"]
    notes += [f"object {name} {share:.2f}" for name, share in proposal.object_labels[:1]]
    notes += [f"part {name} {share:.2f}" for name, share in proposal.part_labels[:1]]
    return " · ".join(notes)


def _extras(candidate: Candidate, config: LabelConfig, region: dict[str, Any]) -> list[dict[str, Any]]:
    """Per-region level, score and names, for the controls that the config has for them; the same id as the mask's."""
    proposal = candidate.proposal
    found: list[tuple[Control, dict[str, Any]]] = []
    level = str(proposal.level)
    choices = config.first("choices", True, ("level", "granularity"))
    if choices is not None and choices.label(level) is not None:
        found.append((choices, {"choices": [level]}))
    number = config.first("number", True, ("level", "granularity"))
    if number is not None:
        found.append((number, {"number": proposal.level}))
    score = config.first("number", True, ("score",))
    if score is not None:
        found.append((score, {"number": round(proposal.score, 4)}))
    for words, labels in ((("part",), proposal.part_labels), (("object",), proposal.object_labels)):
        text = config.first("textarea", True, words)
        if text is not None and labels and (words != ("part",) or is_part(proposal, config)):
            found.append((text, {"text": [labels[0][0]]}))
    return [_extra(control, value, region, proposal) for control, value in found]


def _extra(control: Control, value: dict[str, Any], region: dict[str, Any], proposal: Proposal) -> dict[str, Any]:
    return {
        "id": region["id"],
        "from_name": control.name,
        "to_name": control.to_name,
        "type": control.kind,
        "origin": "prediction",
        **_size(proposal),
        "value": value,
    }


def _size(proposal: Proposal) -> dict[str, int]:
    """Of the oriented image, as Label Studio's browser shows it."""
    height, width = proposal.mask.shape
    return {"original_width": int(width), "original_height": int(height), "image_rotation": 0}
