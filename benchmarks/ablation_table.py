"""The ablations' table and its picture, from the rows of the runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ablation_measure import KEYS, SETS
from kept_rows import Rows, read_rows
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from subject import ROOT

from semsam_annotate.training.evaluation.bootstrap import grouped_mean, paired_bootstrap

AGAINST = {"parts-only": "no-scenes", "objects-only": "no-scenes", "flat-head": "no-scenes"}
"""What an arm is compared with, where that is not the whole method: these do without scenes."""


def write_table(out: Path, arms: Sequence[str], seeds: int, path: Path) -> None:
    """Write the JSON with figures, differences and what is missing, and the picture in ``docs``."""
    told: dict[str, Any] = {"seeds": seeds, "missing": [], "arms": {}}
    for arm in arms:
        done = [seed for seed in range(seeds) if there(out, arm, seed)]
        told["missing"] += [f"{arm}-{seed}" for seed in range(seeds) if seed not in done]
        if done:
            told["arms"][arm] = {name: _figures(out, arm, done, name) for name in SETS} | {
                "runs": _runs(out, arm, done)
            }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    _draw(told, ROOT / "docs/ablations.png")


def there(out: Path, arm: str, seed: int) -> bool:
    """Whether a run was measured."""
    return all((out / f"{arm}-{seed}/{name}.rows.json").exists() for name in SETS)


def _read(out: Path, arm: str, seed: int, name: str) -> Rows:
    return read_rows(out / f"{arm}-{seed}/{name}.rows.json")


def _values(rows: Rows, key: str) -> list[float]:
    return [np.nan if row[key] is None else 100 * row[key] for row in rows]


def _figures(out: Path, arm: str, seeds: Sequence[int], name: str) -> dict[str, Any]:
    """Each figure of each seed, and the difference to the arm's baseline over the seeds that both have."""
    against = AGAINST.get(arm, "whole")
    shared = [seed for seed in seeds if there(out, against, seed)]
    found: dict[str, Any] = {}
    for key in KEYS:
        each = [grouped_mean(_values(_read(out, arm, seed, name), key)) for seed in seeds]
        found[key] = {"seeds": [None if np.isnan(value) else round(value, 2) for value in each]}
        if arm != against and shared and not np.isnan(each).any():
            found[key] |= {"against": against, "difference": _difference(out, arm, against, shared, name, key)}
    return found


def _difference(out: Path, arm: str, against: str, seeds: Sequence[int], name: str, key: str) -> list[float]:
    """(mean, low, high) over the clicks of all seeds, an image drawn with all its seeds."""
    new = [row for seed in seeds for row in _read(out, arm, seed, name)]
    old = [row for seed in seeds for row in _read(out, against, seed, name)]
    told = paired_bootstrap(_values(new, key), _values(old, key), [row["image"] for row in new])
    return [round(value, 2) for value in told]


def _runs(out: Path, arm: str, seeds: Sequence[int]) -> list[dict[str, float]]:
    """Steps and minutes of computing of each run."""
    return [{"seed": seed} | json.loads((out / f"{arm}-{seed}/run.json").read_text()) for seed in seeds]


def _draw(told: dict[str, Any], path: Path) -> None:
    """Differences with their intervals, a panel a figure."""
    arms = [arm for arm in told["arms"] if "difference" in told["arms"][arm]["parts"]["oracle"]]
    figure = Figure(figsize=(3.4 * len(KEYS), 0.7 + 0.55 * max(1, len(arms))), layout="constrained")
    for number, key in enumerate(KEYS, start=1):
        panel = figure.add_subplot(1, len(KEYS), number)
        for offset, name, colour in ((0.14, "parts", "tab:blue"), (-0.14, "natural", "tab:orange")):
            for row, arm in enumerate(arms):
                found = told["arms"][arm][name][key].get("difference")
                if found is not None and np.isfinite(found).all():
                    mean, low, high = found
                    bar = [[mean - low], [high - mean]]
                    panel.errorbar(
                        mean, offset - row, xerr=bar, fmt="o", color=colour, label="" if row else f"{name}/val"
                    )
        panel.axvline(0, color="grey", linewidth=0.8)
        labels = [f"{arm} − {AGAINST.get(arm, 'whole')}" for arm in arms]
        panel.set_yticks([-row for row in range(len(arms))], labels if number == 1 else [""] * len(arms))
        panel.set_title(key, fontsize=10)
    if arms:
        figure.axes[0].legend(fontsize=8)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110)
