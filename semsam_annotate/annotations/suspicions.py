"""Accepted masks that are probably wrong: an engine, asked about each, disagrees and is sure of it.

Three ways to be wrong: another name, an outline that does not follow the thing, a part that nobody drew.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.outlines import steepness, steepness_along
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import (
    Engine,
    Ladder,
    Prompt,
    Proposal,
    RgbImage,
    Rle,
    Vocabulary,
    decode_rle,
    rle_area,
    rle_iou,
)

Kind: TypeAlias = Literal["name", "outline", "missing part"]
KINDS: tuple[Kind, ...] = ("name", "outline", "missing part")


@dataclass(frozen=True)
class Doubts:
    """From where on the engine's word counts; chosen on photos that ``benchmarks/suspects.py`` does not measure on.

    ``same``: IoU from which on an answer is about the mask. ``name``: probability of another name, ``own``: of the
    mask's own, at most. ``outline``: IoU up to which outlines differ, ``steeper``: how many times steeper the picture
    must be along the answer's outline, ``score``: its predicted quality. ``part``: probability of a part's name,
    ``part_score``: quality of its mask, ``usual``: share of objects of that name with it. ``grid``: clicks a side.
    """

    same: float = 0.5
    name: float = 0.5
    own: float = 0.1
    outline: float = 0.9
    steeper: float = 1.5
    score: float = 0.5
    part: float = 0.5
    part_score: float = 0.35
    usual: float = 0.5
    grid: int = 6


@dataclass(frozen=True)
class Suspicion:
    """``mask``: id of the record. ``sure``: 0..1. ``says``: what the engine would have. ``proposal``: its mask."""

    mask: str
    image: str
    name: str
    kind: Kind
    sure: float
    says: str
    proposal: Rle

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def usual_parts(records: Iterable[tuple[str, str | None, str | None, str | None]]) -> dict[str, dict[str, float]]:
    """Object name -> part name -> share of its objects that have the part, of (id, object, part, part_of) rows."""
    objects: Counter[str] = Counter()
    names: dict[str, str] = {}
    having: dict[str, set[tuple[str, str]]] = defaultdict(set)
    rows = list(records)
    for id, name, part, parent in rows:
        if part is None and parent is None and name is not None:
            objects[name] += 1
            names[id] = name
    for _, _, part, parent in rows:
        if part is not None and parent in names:
            having[names[parent]].add((parent, part))
    counted = {name: Counter(part for _, part in pairs) for name, pairs in having.items()}
    return {name: {part: n / objects[name] for part, n in parts.items()} for name, parts in counted.items()}


def suspect(
    rgb: RgbImage,
    records: Sequence[Annotation],
    engine: Engine,
    vocabulary: Vocabulary,
    usual: Mapping[str, Mapping[str, float]],
    doubts: Doubts | None = None,
    kinds: Sequence[Kind] = KINDS,
) -> list[Suspicion]:
    """What is doubtful in one image, surest first. ``rgb`` (H, W, 3) uint8; ``records``: its accepted masks.

    The image is encoded once; every mask is asked for with its box, every object that lacks a usual part with clicks
    on a grid inside it.
    """
    given, found = doubts or Doubts(), list[Suspicion]()
    if not records:
        return found
    embedding = engine.encode(rgb)
    if "name" in kinds or "outline" in kinds:
        slope = steepness(rgb)
        prompts = [Prompt(box=_box(record.mask)) for record in records]
        for record, ladder in zip(records, engine.propose_many(embedding, prompts, vocabulary), strict=True):
            both = doubt_name(record, ladder, given), doubt_outline(record, ladder, slope, given)
            found += [one for one in both if one is not None]
    if "missing part" in kinds:
        for record in records:
            lacking = lacking_parts(record, records, usual, given)
            points = _grid(record.mask, given.grid) if lacking else []
            if points:
                asked = [Prompt(points=[point]) for point in points]
                ladders = engine.propose_many(embedding, asked, vocabulary)
                found += doubt_parts(record, [one for ladder in ladders for one in ladder], lacking, given)
    return sorted((one for one in found if one.kind in kinds), key=lambda one: -one.sure)


def doubt_name(record: Annotation, ladder: Ladder, doubts: Doubts) -> Suspicion | None:
    """Whether the answer that fits the mask bears another name with confidence."""
    rung, iou = _fitting(record, ladder)
    labels = rung.object_labels if record.kind == "object" else rung.part_labels
    own = record.object if record.kind == "object" else record.part
    if own is None or not labels or iou < doubts.same:
        return None
    name, probability = labels[0]
    mine = dict(labels).get(own, 0.0)
    if name == own or probability < doubts.name or mine > doubts.own:
        return None
    return _suspicion(record, "name", probability - mine, f"{name} ({probability:.0%}, {own} {mine:.0%})", rung)


def doubt_outline(record: Annotation, ladder: Ladder, slope: NDArray[np.float32], doubts: Doubts) -> Suspicion | None:
    """Whether no answer fits closely, and one that is about the mask follows the picture (``steepness``) better."""
    ious = [rle_iou(rung.rle, record.mask) for rung in ladder]
    if max(ious) > doubts.outline:
        return None
    mine = steepness_along(slope, decode_rle(record.mask))
    found: list[Suspicion] = []
    for rung, iou in zip(ladder, ious, strict=True):
        other = steepness_along(slope, rung.mask) if iou >= doubts.same and rung.score >= doubts.score else 0.0
        if other > doubts.steeper * mine:
            says = f"another outline (IoU {iou:.2f}) on edges {other / max(mine, 0.01):.1f} times as steep"
            found.append(_suspicion(record, "outline", rung.score * (1 - mine / other), says, rung))
    return max(found, key=lambda one: one.sure, default=None)


def lacking_parts(
    record: Annotation, records: Sequence[Annotation], usual: Mapping[str, Mapping[str, float]], doubts: Doubts
) -> set[str]:
    """Names of parts that objects of this name usually have and this one has not."""
    if record.kind != "object" or record.object is None:
        return set()
    below, ids = set[str](), {record.id}
    for _ in range(len(records)):
        fresh = {one.id for one in records if one.part_of in ids} - ids
        below |= {one.part for one in records if one.id in fresh and one.part is not None}
        ids |= fresh
        if not fresh:
            break
    return {part for part, share in usual.get(record.object, {}).items() if share >= doubts.usual} - below


def doubt_parts(
    record: Annotation, proposals: Sequence[Proposal], lacking: set[str], doubts: Doubts
) -> list[Suspicion]:
    """The surest answer inside the object for every part that it lacks, where one is sure enough."""
    whole = decode_rle(record.mask)
    best: dict[str, Suspicion] = {}
    for proposal in proposals:
        name, probability = proposal.part_labels[0] if proposal.part_labels else ("", 0.0)
        if name not in lacking or probability < doubts.part or proposal.score < doubts.part_score:
            continue
        inside = int((proposal.mask & whole).sum())
        if proposal.part_probability < 0.5 or inside < 0.9 * proposal.area or inside > 0.8 * int(whole.sum()):
            continue
        sure = probability * proposal.score
        if name not in best or best[name].sure < sure:
            best[name] = _suspicion(record, "missing part", sure, f"a {name} ({probability:.0%})", proposal)
    return list(best.values())


def _fitting(record: Annotation, ladder: Ladder) -> tuple[Proposal, float]:
    return max(((rung, rle_iou(rung.rle, record.mask)) for rung in ladder), key=lambda pair: pair[1])


def _suspicion(record: Annotation, kind: Kind, sure: float, says: str, proposal: Proposal) -> Suspicion:
    name = record.object or "unlabelled"
    named = name if record.kind == "object" else f"{name}:{record.part or 'unlabelled'}"
    return Suspicion(record.id, record.image.path, named, kind, round(float(sure), 4), says, proposal.rle)


def _box(rle: Rle) -> tuple[float, float, float, float]:
    x, y, width, height = bbox(rle)
    return x, y, x + width, y + height


def _grid(rle: Rle, side: int) -> list[tuple[float, float]]:
    """Points (x, y) of a grid over the mask's box that lie in the mask."""
    if rle_area(rle) == 0:
        return []
    x0, y0, x1, y1 = _box(rle)
    mask = decode_rle(rle)
    steps = (np.arange(side) + 0.5) / side
    points = [(int(x0 + x * (x1 - x0)), int(y0 + y * (y1 - y0))) for y in steps for x in steps]
    return [(float(x), float(y)) for x, y in points if mask[y, x]]
