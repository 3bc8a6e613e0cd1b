"""Masks of a labels layer that is saved, and what of the layer a file of masks has no place for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.layers import VIEW_KEY
from semsam_annotate.napari.canvas.pasting import table_of
from semsam_annotate.napari.state.drawn import DrawnMask, drawn_masks

COLUMNS = frozenset(("index", "object", "part", "part_of", "score"))
"""Of the table, those that are saved."""

PLACEMENT: dict[str, float] = {"scale": 1.0, "translate": 0.0, "rotate": 0.0, "shear": 0.0, "affine": 0.0}
"""Arguments that place a layer, and what their numbers are where it lies pixel by pixel (off the diagonal)."""


def masks_of(data: Any, meta: Mapping[str, Any]) -> list[DrawnMask]:
    """Masks of the layer that ``data`` and ``meta`` describe; BadInput when it is not one plane, or shows a project."""
    name = str(meta.get("name", "labels"))
    if meta.get("metadata", {}).get(VIEW_KEY):
        raise BadInput(f"{name} shows masks of a project, parts hide what is under them: export the project instead")
    plane = np.asarray(data[0] if meta.get("multiscale") else data)
    if plane.ndim != 2:
        raise BadInput(f"{name} has {plane.ndim} axes: a file holds masks of one plane, take it out first")
    return drawn_masks(plane, table_of(meta.get("features", {})), name)


def not_carried(meta: Mapping[str, Any]) -> list[str]:
    """What would be lost: further columns of the table, and where the layer lies when that is not on the pixels."""
    columns = sorted(str(column) for column in set(table_of(meta.get("features", {}))) - COLUMNS)
    placed = any(not _is_plain(name, meta[name]) for name in PLACEMENT if meta.get(name) is not None)
    placed = placed or any(str(unit) != "pixel" for unit in meta.get("units") or ())
    return [*(f"column {column}" for column in columns), *(["scale, place and units of the layer"] if placed else [])]


def _is_plain(name: str, value: Any) -> bool:
    numbers = np.asarray(value, dtype=float)
    plain = np.eye(len(numbers)) if numbers.ndim == 2 else PLACEMENT[name]
    return bool(np.allclose(numbers, plain))
