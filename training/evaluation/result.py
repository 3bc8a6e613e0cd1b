"""The outcome of an evaluation: its rows, and their way to a file and back."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semsam_annotate.api import BadInput
from semsam_annotate.training.evaluation.rows import ClickRow

FORMAT = "semsam-evaluation"
VERSION = 2


@dataclass(frozen=True)
class EvaluationResult:
    """Rows of one engine on one sample, in the order clicked; ``seed``: the one the sample was drawn with."""

    rows: tuple[ClickRow, ...]
    engine: str = ""
    version: str = ""
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "engine": self.engine,
            "version": self.version,
            "seed": self.seed,
            "rows": [row.to_json() for row in self.rows],
        }

    @classmethod
    def from_json(cls, value: Any) -> "EvaluationResult":
        """Back from ``to_json``; BadInput when it is something else."""
        if not isinstance(value, dict) or value.get("format") != FORMAT or value.get("format_version") != VERSION:
            raise BadInput(f"not the rows of an evaluation ({FORMAT}, version {VERSION}): write them with --rows")
        try:
            rows = tuple(ClickRow.from_json(row) for row in value["rows"])
            return cls(rows, str(value["engine"]), str(value["version"]), int(value["seed"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"the rows of the evaluation are damaged: {error}") from error


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
