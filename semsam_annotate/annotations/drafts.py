"""Making a record from what a front end knows, with every field checked before it reaches the database."""

import unicodedata
import uuid
from datetime import UTC, datetime
from typing import TypedDict

import numpy as np

from semsam_annotate.annotations.record import KINDS, Annotation, ImageRef, Kind, Plane, Source
from semsam_annotate.api import BadInput, Ladder, Mask, Prompt, Proposal, Rle, decode_rle, encode_rle, rle_area

MOST = 2**53
"""Whole numbers up to here are the same in JSON, in floats and in a database."""


class Facts(TypedDict, total=False):
    """What may be said about an annotation; every field as in ``Annotation``, ``mask`` also as (H, W) bool array."""

    id: str
    mask: Mask | Rle
    kind: Kind
    plane: Plane
    object: str | None
    part: str | None
    part_of: str | None
    track: str | None
    level: int | None
    score: float | None
    author: str | None
    time: str
    seconds: float | None
    clicks: int | None
    edits: int | None
    ladder: Ladder | None
    rung: int | None
    review: str | None
    prompt: Prompt | None
    model: str | None
    proposed_mask: Rle | None
    source: Source | None


def now() -> str:
    """This moment as ISO 8601 in UTC, with microseconds so that texts sort as times."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def utc(text: str) -> str:
    """A moment that a person wrote in ISO 8601, without a zone in that of this machine, as ``now`` writes it."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError) as error:
        raise BadInput(f"a time is written like 2026-05-17 or 2026-05-17T14:30, not {text!r}") from error


def draft(image: ImageRef, proposal: Proposal | None, facts: Facts) -> Annotation:
    """A checked record of ``proposal`` (or of ``facts["mask"]`` alone, when a person drew it)."""
    if not isinstance(image, ImageRef):
        raise BadInput(f"image cannot be {image!r:.80}: it has to be an ImageRef, as Project.ref makes it")
    mask = facts.get("mask")
    if mask is None and proposal is None:
        raise BadInput("an annotation needs a proposal or a mask")
    rle = _rle(proposal.rle if mask is None and proposal is not None else mask)
    start = Annotation(id=str(uuid.uuid4()), image=image, mask=rle, time=now())
    if proposal is not None:
        start = start.with_(level=proposal.level, score=proposal.score, model=proposal.model)
        ladder = facts.get("ladder")
        shown = [] if ladder is None else [rung.id for rung in ladder]
        start = start.with_(rung=shown.index(proposal.id) if proposal.id in shown else None)
        proposed = _rle(proposal.rle)
        start = start.with_(proposed_mask=None if rle == proposed else proposed)
    return checked(_with(start, facts))


def corrected(old: Annotation, proposal: Proposal | None, facts: Facts) -> Annotation:
    """A checked record that replaces ``old``: what is not said anew stays, but not its source, which is unique."""
    fresh = old.with_(id=str(uuid.uuid4()), supersedes=old.id, source=None, time=now(), status="accepted", review=None)
    if proposal is not None:
        given = draft(old.image, proposal, {"mask": facts["mask"]} if "mask" in facts else {})
        names = ("mask", "level", "score", "model", "proposed_mask")
        fresh = fresh.with_(**{name: getattr(given, name) for name in names})
    elif "mask" in facts and old.model is not None and old.proposed_mask is None:
        fresh = fresh.with_(proposed_mask=old.mask)
    if ("part" in facts or "part_of" in facts) and "kind" not in facts:
        fresh = fresh.with_(kind="object")
    return checked(_with(fresh, facts))


def checked(record: Annotation) -> Annotation:
    """The record with bare, trimmed names; BadInput for an empty or misfitting mask, wrong types and ranges."""
    record = record.plain()
    record = record.with_(object=_name(record.object, "object"), part=_name(record.part, "part"))
    record = record.with_(author=(record.author or "").strip() or None)
    if record.kind not in KINDS or (record.kind == "object" and record.part is not None):
        raise BadInput(f"kind is object or part, and an object has no part name: {record.kind!r}, {record.part!r}")
    size = [record.image.height, record.image.width]
    if list(record.mask["size"]) != size:
        raise BadInput(f"the mask is {record.mask['size']} (height, width), its image {record.image.path} {size}")
    if rle_area(record.mask) == 0:
        raise BadInput("an empty mask cannot be accepted")
    if record.level is not None and not 1 <= record.level <= 6:
        raise BadInput(f"a level is 1 (coarsest) to 6 (finest), not {record.level}")
    for field in ("score", "seconds", "clicks", "edits", "rung"):
        value = getattr(record, field)
        if value is not None and not abs(value) <= MOST:
            raise BadInput(f"{field} cannot be {value!s:.40}: it has to be a number that can be stored")
    for field in ("id", "object", "part", "part_of", "track", "author", "review", "model", "supersedes"):
        _storable(field, getattr(record, field))
    return record.with_(time=utc(record.time))


def _storable(field: str, text: str | None) -> None:
    """BadInput for half of a surrogate pair, which is in no file and in no database."""
    try:
        (text or "").encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput(f"{field} {text!r} has a character that cannot be stored") from error


def _with(record: Annotation, facts: Facts) -> Annotation:
    changes = dict(facts)
    if "mask" in facts:
        changes["mask"] = _rle(facts["mask"])
    record = record.with_(**changes)
    if "kind" not in facts and (record.part is not None or record.part_of is not None):
        record = record.with_(kind="part")
    return record


def _rle(mask: Mask | Rle | None) -> Rle:
    if isinstance(mask, np.ndarray):
        return encode_rle(mask.astype(bool))
    return encode_rle(decode_rle(mask or {}))  # decoding proves that the runs fill the size


def _is_no_letter(letter: str) -> bool:
    """Control characters, and what Unicode keeps free for programs: XML and YAML have no place for them."""
    code = ord(letter)
    return unicodedata.category(letter) == "Cc" or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _name(name: str | None, what: str) -> str | None:
    bare = None if name is None else name.strip()
    if bare and ":" in bare:
        raise BadInput(f"{what} name {bare!r} has a colon, which separates object and part in exported files")
    if bare and any(map(_is_no_letter, bare)):
        raise BadInput(f"{what} name {bare!r} has a control character, which files of other programs cannot hold")
    return bare or None
