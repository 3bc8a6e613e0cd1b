"""Masks of a labels layer, whoever made it: one a label value, with what the layer's table says about it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.annotations import Annotation, ImageRef
from semsam_annotate.annotations.drafts import Facts, draft
from semsam_annotate.annotations.hierarchy import parents_first
from semsam_annotate.api import Rle, decode_rle, rle_area
from semsam_annotate.api.rle import checked_rle
from semsam_annotate.napari.state.accepted import AcceptedMask, parent_for

Table = Mapping[str, Sequence[Any]]
"""Columns of a layer's ``features``, one value a row."""


@dataclass(frozen=True)
class DrawnMask:
    """``value``: of its label. ``part_of``: value of the label it is a part of, 0: of none, None: not known."""

    value: int
    rle: Rle
    object: str | None = None
    part: str | None = None
    part_of: int | None = None
    score: float | None = None


def drawn_masks(labels: NDArray[Any], table: Table, name: str) -> list[DrawnMask]:
    """One mask for each value but 0 of ``labels``, (H, W) of whole numbers.

    Names, parents and scores come from the columns object, part, part_of and score of ``table``, in the row whose
    ``index`` (without this column: whose number) is the value. A value without a row, or a table without names, is
    called ``name``, its colons left out.
    """
    rows, name = _rows(table), name.replace(":", " ").strip()
    named = "object" in table or "part" in table
    return [
        _described(value, rle, table, rows.get(value)) if named and value in rows else DrawnMask(value, rle, name)
        for value, rle in label_rles(labels).items()
    ]


def label_rles(labels: NDArray[Any]) -> dict[int, Rle]:
    """Every value but 0 of (H, W) whole numbers with its mask, in one pass however many there are."""
    flat = labels.ravel(order="F")
    places = np.flatnonzero(flat)
    order = np.argsort(flat[places], kind="stable")
    places = places[order]
    values, starts = np.unique(flat[places], return_index=True)
    ends = np.append(starts, places.size)[1:]
    size = [int(side) for side in labels.shape]
    return {
        int(value): checked_rle({"size": size, "counts": _runs(places[start:end], flat.size)})
        for value, start, end in zip(values, starts, ends, strict=True)
    }


def beside_each_other(layers: Sequence[Sequence[DrawnMask]]) -> list[DrawnMask]:
    """Masks of several layers of a picture under values that come once; parents stay those that they were.

    A value that comes in several layers means another mask in each, so that then parents are looked for in the own one.
    """
    values = [mask.value for masks in layers for mask in masks]
    if len(set(values)) == len(values):
        return [mask for masks in layers for mask in masks]
    joined: list[DrawnMask] = []
    for masks in layers:
        number = {mask.value: len(joined) + place for place, mask in enumerate(masks, start=1)}
        number[0] = 0
        joined += [
            replace(mask, value=number[mask.value], part_of=None if mask.part_of is None else number.get(mask.part_of))
            for mask in masks
        ]
    return joined


def drawn_records(
    image: ImageRef, masks: Sequence[DrawnMask], accepted: Sequence[AcceptedMask] = (), facts: Facts | None = None
) -> list[Annotation]:
    """Drafts of the records of masks, parents first. A part of which no parent is told belongs to the smallest around.

    ``accepted``: masks of the picture that may be parents, too; what is among them already gets no second record.
    ``facts``: what is the same for all. BadInput when a name cannot be one, or when masks are parts of each other in a
    circle.
    """
    by_value = {mask.value: mask for mask in sorted(masks, key=lambda mask: -rle_area(mask.rle))}
    there, records = already_accepted(masks, accepted), list[Annotation]()
    ids, around = {value: mask.id for value, mask in there.items()}, list(accepted)
    for value in parents_first({value: mask.part_of or None for value, mask in by_value.items()}):
        if value in there:
            continue
        mask = by_value[value]
        parent = ids[mask.part_of] if mask.part_of in ids else _around(mask, around)
        own: Facts = {"mask": mask.rle, "object": mask.object, "part": mask.part, "part_of": parent}
        record = draft(image, None, {**(facts or {}), **own, "score": mask.score})  # type: ignore[typeddict-item]
        ids[value] = record.id
        records.append(record)
        around.append(AcceptedMask.of(record))
    return records


def already_accepted(masks: Sequence[DrawnMask], accepted: Sequence[AcceptedMask]) -> dict[int, AcceptedMask]:
    """By value, the accepted mask of the same pixels, however renamed since; a part is no object of the same pixels."""
    known = {(mask.rle["counts"], bool(mask.part)): mask for mask in accepted}
    found = ((mask.value, known.get((mask.rle["counts"], bool(mask.part)))) for mask in masks)
    return {value: mask for value, mask in found if mask is not None}


def _around(mask: DrawnMask, others: Sequence[AcceptedMask]) -> str | None:
    if not mask.part or mask.part_of == 0:
        return None
    parent = parent_for(decode_rle(mask.rle), others)
    return None if parent is None else parent.id


def _runs(places: NDArray[np.intp], size: int) -> list[int]:
    """Lengths of runs, outside first, of sorted places of a flat mask of ``size`` pixels."""
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    first = places[np.concatenate([[0], breaks])]
    last = places[np.concatenate([breaks - 1, [places.size - 1]])] + 1
    edges = np.stack([first, last], axis=1).ravel()
    return [int(length) for length in np.diff(edges, prepend=0, append=size)]


def _rows(table: Table) -> dict[int, int]:
    """Row of every label value."""
    count = len(next(iter(table.values()), ()))
    index = table.get("index", range(count))
    return {int(value): row for row, value in enumerate(index) if _number(value) is not None}


def _described(value: int, rle: Rle, table: Table, row: int | None) -> DrawnMask:
    cells = {} if row is None else {name: column[row] for name, column in table.items()}
    parent, score = _number(cells.get("part_of")), _number(cells.get("score"))
    names = _text(cells.get("object")), _text(cells.get("part"))
    return DrawnMask(value, rle, *names, None if parent is None else int(parent), score or None)


def _text(cell: Any) -> str | None:
    """A name; None for an empty cell, which a table may hold as a number that is none."""
    return cell.strip() or None if isinstance(cell, str) else None


def _number(cell: Any) -> float | None:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
