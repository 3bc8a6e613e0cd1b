"""Metrics of every step, and now and then the live page."""

import time
from collections.abc import Mapping
from typing import Any

from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.watching.pace import Pace, peak_memory
from semsam_annotate.training.watching.page import duration, replaced, write_page

Curve = tuple[list[float], list[float]]
"""Steps and values."""

MACHINE = ("seconds", "memory_mib", "waiting")
"""What a line of metrics says of the machine: time so far, peak memory, share of the time that went into waiting."""

VALIDATION = "validation "
"""What the names of the sheet's scores begin with."""


class Watch:
    """Keeps what the first process knows of a run, and shows it in the folder ``live``."""

    def __init__(self, config: TrainConfig, folder: RunFolder) -> None:
        self._config, self._folder = config, folder
        self._pace = Pace(config.schedule.batch, config.schedule.steps)
        self._started = time.monotonic()
        self._curves: dict[str, Curve] = {}
        if config.watch.every:
            self._remember()

    def step(self, done: int, losses: dict[str, float], busy: float) -> None:
        """Step number ``done`` took the network ``busy`` seconds and gave ``losses``."""
        self._pace.mark(busy)
        row = {name: round(value, 5) for name, value in losses.items()}
        seconds, memory = round(time.monotonic() - self._started, 2), round(peak_memory())
        machine = (seconds, memory, round(self._pace.waiting, 3))
        self._folder.record({"step": done, **dict(zip(MACHINE, machine, strict=True)), **row})
        if self._config.watch.every:
            self._add(done, row)
            if done % self._config.watch.every == 0 or done == self._config.schedule.steps:
                self._show(done, losses["total"])

    def checkpoint(self, done: int) -> None:
        """There are new weights."""
        if not self._config.watch.ladders:
            return
        from semsam_annotate.training.watching.ladders import draw_ladders

        self._folder.live.mkdir(exist_ok=True)
        heading = f"after {done} steps"
        scores = draw_ladders(self._config, self._folder.weights, self._folder.live / "ladders.png", heading)
        self._folder.validated({"step": done, **scores})
        self._add(done, {f"{VALIDATION}{name}": value for name, value in scores.items()})

    def _show(self, done: int, total: float) -> None:
        from semsam_annotate.training.watching.curves import draw_curves

        live = self._folder.live
        live.mkdir(exist_ok=True)
        replaced(live / "curves.png", lambda partial: draw_curves(self._chosen(), partial))
        pace, steps = self._pace, self._config.schedule.steps
        facts = [
            ("step", f"{done:,} of {steps:,}"),
            ("loss", f"{total:.3f}"),
            ("rate", f"{pace.images_per_second:.2f} images/s, {pace.waiting:.0%} of the time without the network"),
            ("time left", duration(pace.left(done))),
            ("memory", f"{peak_memory():,.0f} MiB at most in the first process"),
            ("steps left out", str(len(self._folder.troubles()))),
        ]
        write_page(f"{self._folder.folder.name}: {self._config.model}", facts, live, done)

    def _chosen(self) -> Mapping[str, Curve]:
        """Total, gradient and validation first, then every loss of the last layer."""
        heads = [name for name in self._curves if name in ("total", "norm") or name.startswith(VALIDATION)]
        return {name: self._curves[name] for name in (*heads, *sorted(set(self._curves) - set(heads)))}

    def _remember(self) -> None:
        """What a resumed run has done before."""
        for row in self._folder.metrics():
            self._add(row["step"], row)
        for row in self._folder.validation():
            self._add(row["step"], {f"{VALIDATION}{name}": row[name] for name in ("max", "oracle")})

    def _add(self, done: int, row: dict[str, Any]) -> None:
        last = str(max((int(name.rpartition("_")[2]) for name in row if name.rpartition("_")[2].isdigit()), default=0))
        for name, value in row.items():
            ending = name.rpartition("_")[2]
            if name in ("total", "norm") or name.startswith(VALIDATION) or ending in (last, "last"):
                steps, values = self._curves.setdefault(name, ([], []))
                steps.append(done)
                values.append(value)
