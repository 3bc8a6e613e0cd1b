"""The demo from start to end, told on the terminal."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from rich.console import Console

from semsam_annotate.api import BadInput
from semsam_annotate.cli.demo.learning import learn
from semsam_annotate.cli.demo.photos import annotate

MADE = ("project", "held-out")


def run_demo(out: Path, steps: int) -> None:
    """Annotate the photos, export, learn a new family of objects; writes everything into ``out``."""
    console = Console()
    _prepare(out)
    report: dict[str, Any] = {"photos": annotate(out, console), "learning": learn(out, steps, console)}
    partial = out / f"report.json.{os.getpid()}.part"
    partial.write_text(json.dumps(report, indent=1), encoding="utf-8")
    os.replace(partial, out / "report.json")
    console.print(f"\nlook at [bold]{out / 'ladders.png'}[/bold]; also coco.json, parts.json and report.json there")


def _prepare(out: Path) -> None:
    """An empty place for the two projects; what an earlier demo made there goes, nothing else does."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out} is a file; name a folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    for name in MADE:
        if (out / name / "project.toml").is_file():
            shutil.rmtree(out / name)
