"""The regions of a submitted annotation: what each says about its mask, label, level and parent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from semsam_annotate.annotations.hierarchy import parents_first
from semsam_annotate.api import BadInput, Rle, encode_rle
from semsam_annotate.backend.label_studio.config import Label, LabelConfig
from semsam_annotate.backend.label_studio.shapes import is_mask, mask_of

MAX_REGIONS = 10_000
"""Masks of one annotation: each takes as long as its image is large."""
MOST_CHARACTERS = 500
"""Of a region's id and of its names: databases have them in an index."""


@dataclass(frozen=True)
class Region:
    """One mask as an annotator left it; ``parent``: region id, always that of another region of the annotation."""

    id: str
    mask: Rle
    is_part: bool
    object: str | None
    part: str | None
    parent: str | None
    level: int | None
    score: float | None


def read_regions(result: Any, config: LabelConfig, height: int, width: int) -> list[Region]:
    """The masks of a result, parents before their parts; BadInput for a damaged one.

    Masks are brushes, polygons, ellipses and bitmasks on the config's image. With "Keep label selected" Label Studio
    adds a ``keypointlabels`` result of the same id that holds the mask once more, which is left out, like rectangles.
    Empty masks (everything erased) are left out too.
    """
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise BadInput("an annotation's result is a list of regions")
    masks = {str(item.get("id")): item for item in reversed(result) if is_mask(item) and config.has(item)}
    if len(masks) > MAX_REGIONS:
        raise BadInput(f"an annotation has at most {MAX_REGIONS} masks, this one has {len(masks)}")
    said = _said(result, config)
    regions = [_region(id, item, said.get(id, {}), config, (height, width)) for id, item in reversed(masks.items())]
    kept = {region.id: region for region in regions if region is not None}
    for region in kept.values():
        _check_texts(region)
    parents = {id: region.parent if region.parent in kept else None for id, region in kept.items()}
    named: dict[str, Region] = {}
    for id in parents_first(parents):
        above = parents[id]
        named[id] = _named(kept[id], None if above is None else named[above])
    return list(named.values())


def _check_texts(region: Region) -> None:
    """JSON can hold half of a character and zero bytes, which no store takes."""
    for text in (region.id, region.object, region.part):
        if text is not None and ("\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)):
            raise BadInput(f"the region {region.id[:40]!r} has characters that are none in its id or names")
        if text is not None and len(text) > MOST_CHARACTERS:
            raise BadInput(
                f"the region {region.id[:40]!r} has an id or a name of more than {MOST_CHARACTERS} characters"
            )


def _region(
    id: str, item: dict[str, Any], said: Mapping[str, str], config: LabelConfig, size: tuple[int, int]
) -> Region | None:
    mask = mask_of(item, *size)
    if not mask.any():
        return None
    label = _label(item, config)
    is_part = label is not None and label.is_part
    own = None if label is None else label.name
    return Region(
        id=id,
        mask=encode_rle(mask),
        is_part=is_part,
        object=(label.owner if label is not None and is_part else own) or said.get("object"),
        part=(own or said.get("part")) if is_part else None,
        parent=str(item["parentID"]) if is_part and item.get("parentID") else None,
        level=_level(said.get("level"), item),
        score=_score(said.get("score"), item),
    )


def _label(item: dict[str, Any], config: LabelConfig) -> Label | None:
    names = item["value"].get(item["type"])
    first = names[0] if isinstance(names, list) and names else None
    return config.label_of(first, str(item.get("from_name"))) if isinstance(first, str) else None


def _named(region: Region, parent: Region | None) -> Region:
    """With the parent that is there, whose object a part without one belongs to."""
    owner = region.object or (None if parent is None else parent.object)
    return replace(region, parent=None if parent is None else parent.id, object=owner)


def _said(result: list[dict[str, Any]], config: LabelConfig) -> dict[str, dict[str, str]]:
    """What the per-region controls say of each region, by its id: "level", "score", "object", "part"."""
    meanings, found = _meanings(config), dict[str, dict[str, str]]()
    for item in result:
        for meaning, kind in meanings.get(str(item.get("from_name")), ()):
            text = _text(item.get("value"), kind)
            if text is not None:
                found.setdefault(str(item.get("id")), {})[meaning] = text
    return found


def _meanings(config: LabelConfig) -> dict[str, list[tuple[str, str]]]:
    """By the name of a control what it says of regions, and its kind."""
    asked = (
        ("level", config.first("number", True, ("level", "granularity"))),
        ("level", config.first("choices", True, ("level", "granularity"))),
        ("score", config.first("number", True, ("score",))),
        ("object", config.first("textarea", True, ("object",))),
        ("part", config.first("textarea", True, ("part",))),
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for meaning, control in asked:
        if control is not None:
            found.setdefault(control.name, []).append((meaning, control.kind))
    return found


def _text(value: Any, kind: str) -> str | None:
    """The first that a control says; text areas hold lines, names do not."""
    said = value.get("text" if kind == "textarea" else kind) if isinstance(value, dict) else None
    first = said[0] if isinstance(said, list) and said else said
    return " ".join(str(first).split())[:200] if isinstance(first, (str, int, float)) else None


def _score(said: str | None, item: dict[str, Any]) -> float | None:
    """The region's own, else from the per-region control."""
    own = item.get("score")
    number = own if isinstance(own, (int, float)) and not isinstance(own, bool) else _number(said)
    return float(number) if number is not None and 0 <= number <= 1 else None


def _number(said: str | None) -> float | None:
    try:
        return None if said is None else float(said)
    except ValueError:
        return None


def _level(said: str | None, item: dict[str, Any]) -> int | None:
    """From the per-region control, else from the note that the suggestion carried."""
    meta = item.get("meta")
    notes = meta.get("text") if isinstance(meta, dict) else None
    note = " ".join(str(text)[:1000] for text in notes) if isinstance(notes, list) else str(notes or "")[:1000]
    found = re.fullmatch(r"([1-6])(?:\.0)?", (said or "").strip()) or re.search(r"\blevel ([1-6])\b", note)
    return None if found is None else int(found.group(1))
