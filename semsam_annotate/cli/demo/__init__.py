"""``semsam demo``: the whole job on real photos, offline, with the calls that a user makes."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures, exports and the report.")] = Path("semsam-demo"),
    steps: Annotated[int, typer.Option(min=1, help="Training steps of the learning half.")] = 48,
) -> None:
    """One click, a ladder of masks with labels, accept, export; then learn from what was accepted."""
    from semsam_annotate.cli.demo.run import run_demo

    run_demo(out, steps)
