"""What new parts from few photos bring, from the rows of the runs: a table as JSON, and its picture."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from kept_rows import Rows, read_rows
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from subject import ROOT

from semsam_annotate.training.evaluation.bootstrap import grouped_mean, paired_bootstrap

KIND, KEPT = "kind", "kept"
KEYS = ("max", "oracle", "all", "part")
BEFORE = "0-0-before"
SHOWN = ((KIND, "part"), (KIND, "oracle"), (KIND, "all"), (KEPT, "oracle"))
Table = dict[str, dict[str, dict[str, Any]]]


def write_table(kept: Path, path: Path) -> None:
    """Write the figures of every kind, number of photos and arm, and the picture in ``docs``.

    ``kept`` has a folder a kind and version of weights, in it one a run, named IMAGES-DRAW-ARM.
    """
    told = {folder.name: _of_kind(folder) for folder in sorted(kept.iterdir()) if (folder / BEFORE).is_dir()}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    _draw(told, ROOT / "docs/new-parts.png")


def _of_kind(folder: Path) -> dict[str, dict[str, Any]]:
    """IMAGES-ARM to its figures over all draws, "before" first."""
    runs: dict[str, list[Path]] = defaultdict(list)
    for run in sorted(folder.iterdir()):
        images, _, arm = run.name.split("-", 2)
        if (run / f"{KIND}.rows.json").exists():
            runs[f"{images}-{arm}"].append(run)
    return {
        name: {what: _figures(paths, folder / BEFORE, what) for what in (KIND, KEPT) if _judged(paths, what)}
        | _told(paths)
        for name, paths in sorted(runs.items(), key=lambda item: (int(item[0].split("-")[0]), item[0]))
    }


def _judged(runs: list[Path], what: str) -> bool:
    return all((run / f"{what}.rows.json").exists() for run in runs)


def _told(runs: list[Path]) -> dict[str, Any]:
    labels = [json.loads((run / f"{KIND}.labels.json").read_text(encoding="utf-8")) for run in runs]
    macro = [one["label_part_top1_macro"] for one in labels]
    return {
        "draws": [int(run.name.split("-")[1]) for run in runs],
        "minutes": [one["minutes"] for one in labels],
        "part_macro": [None if one is None else round(one, 2) for one in macro],
    }


def _figures(runs: list[Path], before: Path, what: str) -> dict[str, Any]:
    """Each draw's mean, and the difference to before over the clicks of all draws, an image drawn with all of them."""
    old, new = _rows(before, what), [_rows(run, what) for run in runs]
    found: dict[str, Any] = {}
    for key in KEYS:
        each = [grouped_mean(_values(rows, key)) for rows in new]
        pairs = [value for rows in new for value in _values(rows, key)], _values(old, key) * len(new)
        change = paired_bootstrap(*pairs, [row["image"] for rows in new for row in rows])
        found[key] = {"draws": [round(value, 2) for value in each], "difference": [round(value, 2) for value in change]}
    return found


def _rows(run: Path, what: str) -> Rows:
    return read_rows(run / f"{what}.rows.json")


def _values(rows: Rows, key: str) -> list[float]:
    return [np.nan if row[key] is None else 100 * row[key] for row in rows]


def _draw(told: Table, path: Path) -> None:
    """Differences to before with their intervals, a row a kind, a panel a figure, a line an arm."""
    figure = Figure(figsize=(3.6 * len(SHOWN), 1.0 + 3.0 * max(1, len(told))), layout="constrained")
    arms = sorted({name.split("-", 1)[1] for lines in told.values() for name in lines} - {"before"})
    for row, (kind, lines) in enumerate(told.items()):
        for column, (what, key) in enumerate(SHOWN):
            panel = figure.add_subplot(len(told), len(SHOWN), 1 + row * len(SHOWN) + column)
            _panel(panel, lines, arms, what, key)
            panel.set_title(f"{kind.split('-')[0]}: {key}" + (" on what was known" if what == KEPT else ""), fontsize=9)
            panel.set_xlabel("photos annotated", fontsize=8)
    if told:
        found = figure.axes[0].get_legend_handles_labels()
        figure.legend(*found, loc="outside lower center", ncols=4, fontsize=8)
        figure.axes[0].set_ylabel("points above before")
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110)


def _panel(panel: Any, lines: dict[str, dict[str, Any]], arms: list[str], what: str, key: str) -> None:
    """Numbers of photos side by side, the arms of each beside one another, each in its own colour everywhere."""
    counts = sorted({int(name.split("-", 1)[0]) for name in lines} - {0})
    for place, arm in enumerate(arms):
        found = [(at, lines.get(f"{images}-{arm}", {}).get(what)) for at, images in enumerate(counts)]
        points = [(at, *figures[key]["difference"]) for at, figures in found if figures]
        if points:
            at, mean, low, high = (np.array(column, float) for column in zip(*points, strict=True))
            beside, reach = at + 0.6 * ((place + 0.5) / len(arms) - 0.5), [mean - low, high - mean]
            panel.errorbar(beside, mean, yerr=reach, fmt="o-", markersize=3, linewidth=1, color=f"C{place}", label=arm)
    panel.axhline(0, color="grey", linewidth=0.8)
    panel.set_xticks(range(len(counts)), map(str, counts))
    panel.set_xlim(-0.6, len(counts) - 0.4)
