"""Calibrations of a project's models: a JSON file for each model version, beside the models."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.training.calibrating.calibration import LEAST, Calibration, is_number

FOLDER = "calibration"


def calibration_file(models: Path, version: str, end: str = "json") -> Path:
    """Where the calibration of a model version lies; ``models``: the project's folder of models."""
    return models / FOLDER / f"{version}.{end}"


def write_calibration(models: Path, version: str, made: Calibration, report: dict[str, Any]) -> Path:
    """Keep a calibration in the place of the last one, with what it was judged to be."""
    path = calibration_file(models, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({**asdict(made), "report": report}, indent=1).encode())
    return path


def read_calibration(models: Path, version: str) -> Calibration:
    """The calibration of a model version; one that changes nothing where there is none, or its file is damaged."""
    try:
        plain = json.loads(calibration_file(models, version).read_bytes())
        objects, parts = (_temperature(plain[side]) for side in ("objects", "parts"))
        return Calibration(objects, parts, _line(plain["score"]))
    except (OSError, *DAMAGED):
        return Calibration()


def _temperature(value: Any) -> float | None:
    if value is not None and not (is_number(value) and LEAST < value < 1 / LEAST):
        raise ValueError("a temperature is above 0, and neither next to nothing nor huge")
    return value if value is None else float(value)


def _line(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    slope, offset = value
    if not (is_number(slope) and is_number(offset) and slope >= 0):
        raise ValueError("a line has a slope, 0 or more, and an offset")
    return float(slope), float(offset)
