"""The outcome of an evaluation: its rows, and their way to a file and back."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from semsam_annotate.api import BadInput
from semsam_annotate.training.evaluation.rows import PROMPTS, ClickRow

FORMAT = "semsam-evaluation"
VERSION = 3
READABLE = (2, 3)
"""Version 2 had neither boxes nor rungs nor times."""


class Speed(NamedTuple):
    """Milliseconds on one image: to ``encode`` it, and for one ``prompt`` alone on the encoded image, mask included."""

    encode: float
    prompt: float


@dataclass(frozen=True)
class EvaluationResult:
    """Rows of one engine on one sample, in the order clicked; ``seed``: the one the sample was drawn with.

    ``device``: what it ran on. ``speeds``: one an image.
    """

    rows: tuple[ClickRow, ...]
    engine: str = ""
    version: str = ""
    seed: int = 0
    device: str = ""
    speeds: tuple[Speed, ...] = ()

    def only(self, prompt: str) -> "EvaluationResult":
        """The same with the rows of one kind of prompt."""
        return replace(self, rows=tuple(row for row in self.rows if row.prompt == prompt))

    @property
    def prompts(self) -> tuple[str, ...]:
        """The kinds of prompt that were asked, clicks first."""
        return tuple(kind for kind in PROMPTS if any(row.prompt == kind for row in self.rows))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "engine": self.engine,
            "version": self.version,
            "seed": self.seed,
            "device": self.device,
            "speeds": [list(speed) for speed in self.speeds],
            "rows": [row.to_json() for row in self.rows],
        }

    @classmethod
    def from_json(cls, value: Any) -> "EvaluationResult":
        """Back from ``to_json``; BadInput when it is something else."""
        if not isinstance(value, dict) or value.get("format") != FORMAT or value.get("format_version") not in READABLE:
            raise BadInput(f"not the rows of an evaluation ({FORMAT}, version {VERSION}): write them with --rows")
        try:
            rows = tuple(ClickRow.from_json(row) for row in value["rows"])
            speeds = tuple(Speed(*map(float, speed)) for speed in value.get("speeds", ()))
            names = (str(value["engine"]), str(value["version"]), int(value["seed"]), str(value.get("device", "")))
            return cls(rows, *names, speeds)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"the rows of the evaluation are damaged: {error}") from error


def join_results(results: Sequence[EvaluationResult]) -> EvaluationResult:
    """One result of one engine's results on several data sets; BadInput without any."""
    if not results:
        raise BadInput("there is nothing to join: no data set was evaluated")
    rows = tuple(row for result in results for row in result.rows)
    return replace(results[0], rows=rows, speeds=tuple(speed for result in results for speed in result.speeds))


def read_result(path: Path) -> EvaluationResult:
    """Read a file that ``write_json`` made of ``EvaluationResult.to_json``; BadInput when it is damaged."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not JSON: {error}") from error
    try:
        return EvaluationResult.from_json(value)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def write_json(value: dict[str, Any], path: Path) -> None:
    """Write JSON so that the file is either the old one or the whole new one."""
    partial = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.part")
    try:
        partial.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
