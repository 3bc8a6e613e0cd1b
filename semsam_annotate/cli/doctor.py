"""``semsam doctor``: what this installation can do, and what to install for the rest."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.cli.doctor_labelstudio import labelstudio

NEEDED = ("python", "core")
"""Findings without which nothing works; the others name an extra, a screen or space that some commands need."""


def register(app: typer.Typer) -> None:
    """Add the command, which does its work when called without one of its own."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(doctor)
    group.command("labelstudio")(labelstudio)
    app.add_typer(group, name="doctor")


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as a JSON list.")] = False,
) -> None:
    """Check Python, packages, device, Qt, weights and disk; exit code 1 only when nothing can work as it is."""
    if context.invoked_subcommand is not None:
        return
    from semsam_annotate.cli.findings import examine

    findings = examine(Path.cwd())
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            remedy = f"  → {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{'✓' if finding.ok else '✗'} {finding.name:8} {finding.detail}{remedy}")
    if any(not finding.ok for finding in findings if finding.name in NEEDED):
        raise typer.Exit(1)
