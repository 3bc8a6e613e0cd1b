"""What ``active_learning.py`` measured, round by round, kept in small files so that it goes on and is counted again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from kept_rows import Rows, keep_rows, read_rows

KEYS = ("max", "oracle", "all", "part")
START = "start"


@dataclass(frozen=True)
class Round:
    """``clicks`` spent until then; ids of the photos ``labelled`` by then; ``figures`` that are no means of rows;
    ``minutes`` of its steps."""

    number: int
    clicks: int
    labelled: tuple[int, ...]
    figures: dict[str, float]
    minutes: dict[str, float]


@dataclass(frozen=True)
class Cell:
    """One strategy with one query size and seed; ``folder``: of the kind's rows. The first round is everybody's."""

    folder: Path
    query: int
    seed: int
    strategy: str

    @property
    def path(self) -> str:
        """Its place among the others."""
        return START + f"/s{self.seed}" if self.strategy == START else f"q{self.query}/s{self.seed}/{self.strategy}"

    @property
    def start(self) -> "Cell":
        """The cell that holds the first round."""
        return Cell(self.folder, 0, self.seed, START)

    def round(self, number: int) -> Round | None:
        """What was measured in a round, None when it was not yet."""
        try:
            plain = json.loads(self._file(number).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Round(**{**plain, "labelled": tuple(plain["labelled"])})

    def done(self, number: int) -> Round:
        """A round that must be there."""
        found = self.round(number)
        assert found is not None, f"round {number} of {self.path} is missing"
        return found

    def rows(self, number: int) -> Rows:
        """The test clicks of a round."""
        return read_rows(self._file(number).with_suffix(".rows.json"))

    def keep(self, round: Round, rows: Sequence[dict[str, Any]]) -> None:
        """Write a round down, complete or not at all."""
        path = self._file(round.number)
        keep_rows(list(rows), KEYS, path.with_suffix(".rows.json"))
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(asdict(round)) + "\n", encoding="utf-8")
        partial.replace(path)

    def figure(self, number: int, key: str) -> float:
        """A figure of a round in percent: a mean of its test clicks, or one that is none."""
        found = self.done(number).figures
        if key in found:
            return found[key]
        values = [row[key] for row in self.rows(number) if row[key] is not None]
        return 100 * float(np.mean(values)) if values else float("nan")

    def _file(self, number: int) -> Path:
        cell = self.start if number == 0 else self
        return cell.folder / cell.path / f"{number}.json"
