"""Curves of a run as small multiples in one PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLUMNS = 4
MOST_POINTS = 300
"""Points of a curve; of more steps, neighbours are averaged."""

Curve = tuple[Sequence[float], Sequence[float]]
"""Steps and values."""


def draw_curves(curves: Mapping[str, Curve], path: Path) -> None:
    """Write a PNG with one panel a curve, values that are not finite left out."""
    rows = max(1, -(-len(curves) // COLUMNS))
    figure = Figure(figsize=(4 * COLUMNS, 2.6 * rows), layout="constrained")
    for number, (name, (steps, values)) in enumerate(curves.items(), start=1):
        panel = figure.add_subplot(rows, COLUMNS, number)
        panel.plot(*thinned(steps, values), linewidth=1.2)
        panel.set_title(name, fontsize=10)
        panel.grid(alpha=0.25)
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")


def thinned(steps: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """At most ``MOST_POINTS`` points: means of neighbouring finite values."""
    kept = np.array([(x, y) for x, y in zip(steps, values, strict=True) if np.isfinite(y)], float).reshape(-1, 2)
    if not len(kept):
        return [], []
    means = np.array([piece.mean(0) for piece in np.array_split(kept, min(MOST_POINTS, len(kept)))])
    return means[:, 0].tolist(), means[:, 1].tolist()
