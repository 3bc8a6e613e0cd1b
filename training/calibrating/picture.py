"""Reliability curves: how often right, or how large the true IoU, against what was predicted, before and after."""

import io
from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from semsam_annotate.training.evaluation.calibration import Predictions, facts

TITLES = {"objects": "object names", "parts": "part names", "score": "predicted IoU"}


def reliability_png(sides: Mapping[str, tuple[Predictions, Predictions]]) -> bytes:
    """A PNG with a panel a side; the area of a point is how much lies in its bin."""
    figure = Figure(figsize=(4.2 * max(1, len(sides)), 4.2), layout="constrained")
    for number, (side, both) in enumerate(sides.items(), start=1):
        panel = figure.add_subplot(1, len(sides), number)
        panel.plot([0, 100], [0, 100], color="0.7", linewidth=1)
        for name, colour, found in zip(("before", "after"), ("tab:red", "tab:blue"), both, strict=True):
            told = facts(found, rounds=1)
            bins = [row for row in told["bins"] if row["n"]]
            said, true, counts = (np.array([row[key] for row in bins]) for key in ("score", "iou", "n"))
            label = f"{name}: ECE {told['ece']:.1f}"
            panel.plot(said, true, color=colour, linewidth=1.2, label=label)
            panel.scatter(said, true, 12 + 120 * counts / counts.sum(), color=colour, alpha=0.6)
        panel.set_title(f"{TITLES[side]}, {len(both[0].score)}", fontsize=11)
        panel.set(xlabel="predicted, %", ylabel="true, %", xlim=(0, 100), ylim=(0, 100))
        panel.legend(fontsize=9, loc="upper left")
        panel.grid(alpha=0.25)
    FigureCanvasAgg(figure)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=80)
    return written.getvalue()
