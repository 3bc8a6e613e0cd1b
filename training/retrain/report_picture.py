"""A retraining as one picture: before and after with intervals, label by label, the loss, masks."""

import io
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from semsam_annotate.annotations.retraining.run import BeforeAfter
from semsam_annotate.training.watching.curves import thinned

BEFORE, AFTER, BAD, FAINT = "#767e8a", "#2563eb", "#dc2626", "#c9ced6"
MOST_LABELS, MOST_PAIRS = 12, 4
DPI = 110


@dataclass(frozen=True)
class Report:
    """``figures``: set of images to (name, before, interval, after, interval, difference) in percent; ``labels``: as
    ``LabelChange.to_json``; ``curve``: (step, loss); ``pairs``: pictures before and after."""

    title: str
    verdict: str
    figures: Mapping[str, Sequence[tuple[Any, ...]]]
    labels: Sequence[Mapping[str, Any]]
    curve: Sequence[tuple[int, float]]
    pairs: Sequence[BeforeAfter]


def draw_report(report: Report) -> bytes:
    """The picture as PNG."""
    pairs = [*report.pairs[: MOST_PAIRS // 2], *report.pairs[MOST_PAIRS // 2 :][-MOST_PAIRS // 2 :]]
    figure = Figure(figsize=(12, 5.2 + (2.2 if pairs else 0)), dpi=DPI, layout="constrained", facecolor="white")
    title = "\n".join([report.title, *textwrap.wrap(report.verdict, 120)[:3]])
    figure.suptitle(_plain(title), fontsize=12, x=0.01, ha="left")
    rows = figure.subfigures(2 if pairs else 1, 1, height_ratios=[4, 2.2] if pairs else None, squeeze=False)[:, 0]
    panels = rows[0].subplots(1, 3, width_ratios=[1.15, 1.15, 0.9])
    _before_after(panels[0], report.figures)
    _labels(panels[1], report.labels)
    _curve(panels[2], report.curve)
    if pairs:
        _draw_pairs(rows[1], pairs)
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _before_after(axes: Axes, figures: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
    """Two dots with intervals for every figure of every set."""
    names, place = [], 0
    for title, rows in figures.items():
        for name, old, old_ci, new, new_ci, _ in rows:
            for value, bounds, colour, shift in ((old, old_ci, BEFORE, 0.14), (new, new_ci, AFTER, -0.14)):
                low, high = bounds or (value, value)
                around = [[max(0.0, value - low)], [max(0.0, high - value)]]
                axes.errorbar(value, -place + shift, xerr=around, fmt="o", color=colour, capsize=3, markersize=5)
            names.append(f"{name}\n{title.split(',')[0].split(':')[0]}")
            place += 1
    axes.set_yticks([-place for place in range(len(names))], names, fontsize=8)
    axes.set_title("before (grey), after (blue), %, 95 %", fontsize=10)
    axes.grid(axis="x", alpha=0.25)


def _labels(axes: Axes, labels: Sequence[Mapping[str, Any]]) -> None:
    """The difference of every label, the most frequent ones; grey where nothing can be said."""
    shown = [label for label in labels if np.isfinite(label["mask"][2])][:MOST_LABELS]
    for place, label in enumerate(shown):
        _, _, middle, low, high = label["mask"]
        colour = BAD if label["worse"] else AFTER if label["enough"] else FAINT
        around = [[max(0.0, middle - low)], [max(0.0, high - middle)]] if label["images"] > 1 else None
        axes.errorbar(middle, -place, xerr=around, fmt="o", color=colour, capsize=3, markersize=5)
    axes.axvline(0, color=BEFORE, linewidth=0.8)
    names = [f"{_short(str(label['name']), 26)} ({label['masks']})" for label in shown]
    axes.set_yticks([-place for place in range(len(shown))], names, fontsize=8)
    more = f"; {len(labels) - len(shown)} more on the page" if len(labels) > len(shown) else ""
    axes.set_title(f"labels, points won or lost, 90 %{more}", fontsize=10)
    axes.grid(axis="x", alpha=0.25)


def _curve(axes: Axes, curve: Sequence[tuple[int, float]]) -> None:
    axes.plot(*thinned([step for step, _ in curve], [loss for _, loss in curve]), linewidth=1.2, color=AFTER)
    axes.set_title("loss by step", fontsize=10)
    axes.grid(alpha=0.25)


def _draw_pairs(part: Any, pairs: Sequence[BeforeAfter]) -> None:
    panels = part.subplots(1, 2 * len(pairs), squeeze=False)[0]
    for number, pair in enumerate(pairs):
        for place, (path, value) in enumerate(((pair.before, pair.old), (pair.after, pair.new))):
            axes = panels[2 * number + place]
            with Image.open(path) as picture:
                axes.imshow(np.asarray(picture.convert("RGB")))
            axes.set_axis_off()
            name = _short(pair.name, 22)
            axes.set_title(f"{name}\nbefore {100 * value:.0f} %" if not place else f"\nafter {100 * value:.0f} %",
                           fontsize=8)  # fmt: skip


def _short(name: str, width: int) -> str:
    return _plain(name if len(name) <= width else f"{name[: width - 1]}…")


def _plain(text: str) -> str:
    """Names are no formulas, which matplotlib takes whatever stands between two dollar signs for, and turn no text."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf").replace("$", r"\$")
