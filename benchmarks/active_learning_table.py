"""The table and the curves of ``active_learning.py``: figures against clicks, areas under them, intervals over seeds.

    python benchmarks/active_learning_table.py [--rows FOLDER] [--json FILE] [--png docs/active-learning.png]
        [--strategies random,foreground,…] [--rounds 4]

The area under a curve is its mean height over the clicks that all strategies of that seed reach, lines between the
rounds. Compared are strategies on the same seeds, which share their first photos and their pool, with Student's t over
seeds: they are too few to be drawn again. Fewer than two have no interval. A seed counts once all rounds of all
strategies that were begun are there.

What decides was chosen before the last seeds were run: the area of part names right, the mean over the settings, is
above that of both baselines with an interval that is corrected for the number of strategies (Bonferroni).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from active_learning_rounds import Cell
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import t as student
from subject import ROOT

from semsam_annotate.training.active import STRATEGIES

FIGURES = {"oracle": "best rung, IoU %", "part": "part names right, %", "part_ap": "AP of parts"}
BASELINES = ("random", "foreground")
DECIDES, LEVEL = "part", 0.95
Floats: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = dict[str, dict[int, Cell]]
"""Of one setting: strategy to seed to its rounds, complete ones only, the same seeds for all."""


def settings(rows: Path, rounds: int, names: Sequence[str]) -> dict[str, Cells]:
    """What is complete of some strategies, by kind and query size."""
    found: dict[str, Cells] = {}
    for place in sorted(rows.glob("*/q*/s*")):
        query, seed, kind = int(place.parent.name[1:]), int(place.name[1:]), place.parent.parent
        cells = {name: Cell(kind, query, seed, name) for name in names}
        for name, cell in cells.items():
            if all(cell.round(number) is not None for number in range(rounds + 1)):
                found.setdefault(f"{kind.name}, {query} a round", {}).setdefault(name, {})[seed] = cell
    return {setting: _shared(cells) for setting, cells in found.items()}


def _shared(cells: Cells) -> Cells:
    """Only the seeds that all have: on different seeds, figures side by side would compare the seeds."""
    seeds = set.intersection(*(set(by_seed) for by_seed in cells.values()))
    return {name: {seed: by_seed[seed] for seed in sorted(seeds)} for name, by_seed in cells.items()} if seeds else {}


def clicks_of(cell: Cell, rounds: int) -> Floats:
    """(rounds + 1,) clicks spent until each round was over."""
    return np.array([cell.done(number).clicks for number in range(rounds + 1)], np.float64)


def heights(cell: Cell, rounds: int, figure: str) -> Floats:
    """(rounds + 1,) a figure after each round."""
    return np.array([cell.figure(number, figure) for number in range(rounds + 1)], np.float64)


def area(clicks: Floats, height: Floats, end: float) -> float:
    """Mean height of a curve from its start to ``end`` clicks, which lies within."""
    inside = clicks < end
    x, y = [*clicks[inside], end], [*height[inside], float(np.interp(end, clicks, height))]
    return float(np.trapezoid(y, x) / (end - clicks[0])) if end > clicks[0] else float(height[0])


def areas(cells: Cells, rounds: int, figure: str) -> dict[str, dict[int, float]]:
    """Strategy to seed to the area under its curve, over the clicks that all strategies of the seed reach."""
    ends: dict[int, float] = {}
    for by_seed in cells.values():
        for seed, cell in by_seed.items():
            ends[seed] = min(ends.get(seed, np.inf), clicks_of(cell, rounds)[-1])
    return {
        name: {
            seed: area(clicks_of(cell, rounds), heights(cell, rounds, figure), ends[seed])
            for seed, cell in by_seed.items()
        }
        for name, by_seed in cells.items()
    }


def table(cells: Cells, rounds: int) -> dict[str, Any]:
    """Of every strategy its curve, its areas, and how much these are above the baselines'."""
    told: dict[str, Any] = {}
    under = {figure: areas(cells, rounds, figure) for figure in FIGURES}
    for name, by_seed in cells.items():
        seeds = sorted(by_seed)
        curves = {figure: np.stack([heights(by_seed[seed], rounds, figure) for seed in seeds]) for figure in FIGURES}
        spent = np.stack([clicks_of(by_seed[seed], rounds) for seed in seeds])
        told[name] = {
            "seeds": seeds,
            "clicks": [interval(column) for column in spent.T],
            "curve": {figure: [interval(column) for column in curve.T] for figure, curve in curves.items()},
            "area": {figure: interval(list(found[name].values())) for figure, found in under.items()},
            **{
                f"above {base}": {figure: above(found[name], found[base]) for figure, found in under.items()}
                for base in BASELINES
                if base in cells and base != name
            },
        }
    return told


def interval(values: Sequence[float] | Floats, level: float = LEVEL) -> list[float | None]:
    """[mean, low, high] over seeds, two-sided by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return [round(mean, 3), None, None]
    wide = float(student.ppf((1 + level) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return [round(value, 3) for value in (mean, mean - wide, mean + wide)]


def above(new: dict[int, float], base: dict[int, float], level: float = LEVEL) -> list[float | None]:
    """[mean difference, low, high] over the same seeds."""
    return interval([new[seed] - base[seed] for seed in new], level)


def decided(complete: dict[str, Cells], rounds: int) -> dict[str, Any]:
    """By strategy how far it is above each baseline in what decides, and which are above both: ``wins``."""
    over = [areas(cells, rounds, DECIDES) for cells in complete.values() if cells]
    names = sorted(set.intersection(*(set(found) for found in over))) if over else []
    seeds = set.intersection(*(set(found[name]) for found in over for name in names)) if names else set()
    mean = {name: {seed: float(np.mean([one[name][seed] for one in over])) for seed in seeds} for name in names}
    level = 1 - (1 - LEVEL) / max(1, len(names) - 1)
    bases = [name for name in BASELINES if name in names]
    told = {name: {base: above(mean[name], mean[base], level) for base in bases if base != name} for name in names}
    wins = [name for name, over in told.items() if all(low is not None and low > 0 for _, low, _ in over.values())]
    return {"figure": DECIDES, "level": round(level, 4), "seeds": sorted(seeds), "above": told, "wins": wins}


def draw(told: dict[str, Any], path: Path) -> None:
    """A row of panels a setting, a panel a figure, a line a strategy, its interval over seeds shaded."""
    figure = Figure(figsize=(4.4 * len(FIGURES), 3.4 * max(1, len(told))), layout="constrained")
    panels = figure.subplots(max(1, len(told)), len(FIGURES), squeeze=False)
    for row, (setting, strategies) in zip(panels, told.items(), strict=False):
        for panel, (key, title) in zip(row, FIGURES.items(), strict=True):
            for number, (name, one) in enumerate(strategies.items()):
                x = [column[0] for column in one["clicks"]]
                mean, low, high = (np.array(column, float) for column in zip(*one["curve"][key], strict=True))
                line = {"color": f"C{number}", "linewidth": 2.0 if name in BASELINES else 1.2}
                panel.plot(x, mean, label=f"{name} ({len(one['seeds'])})", **line)
                if len(one["seeds"]) > 2:  # of two it is wider than the panel
                    panel.fill_between(x, low, high, color=f"C{number}", alpha=0.1, linewidth=0)
            panel.set_title(f"{setting}: {title}", fontsize=9)
            panel.set_xlabel("clicks", fontsize=8)
            panel.grid(alpha=0.25)
        row[0].legend(fontsize=7, title="strategy (seeds)", title_fontsize=7)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=80)


def main() -> None:
    """Write the table and the picture of what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROOT / "benchmarks/results/active_learning")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/active_learning.json")
    parser.add_argument("--png", type=Path, help="curves, such as docs/active-learning.png")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--strategies", default=",".join(strategy.name for strategy in STRATEGIES))
    given = parser.parse_args()
    complete = settings(given.rows, given.rounds, given.strategies.split(","))
    told = {name: table(cells, given.rounds) for name, cells in complete.items()}
    content = {"settings": told, "decides": decided(complete, given.rounds)}
    given.json.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if told and given.png is not None:
        draw(told, given.png)
    for name, strategies in told.items():
        print(name)
        for strategy, row in strategies.items():
            print(f"  {strategy:<13} seeds {len(row['seeds'])}", row["area"], row.get("above foreground"))
    print(content["decides"])


if __name__ == "__main__":
    main()
