"""``semsam loop``."""

import json as jsonlib
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.retraining.loop import Loop
    from semsam_annotate.annotations.retraining.plan import Decision


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(loop)


def loop(
    project: Annotated[Path, typer.Option(help="Project folder.")] = Path(),
    once: Annotated[
        bool, typer.Option("--once", help="Look once, wait for the training if one begins, then end.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 30.0,
    json: Annotated[bool, typer.Option("--json", help="Print every decision as a line of JSON.")] = False,
) -> None:
    """Train by itself: after so many new masks (retrain_after) or at times ([retrain] schedule) of project.toml.

    Until Ctrl+C or SIGTERM, which put a training by that it began; the next loop goes on with it. One loop a project:
    a server with the project, or a window, may be the one.
    """
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.retraining.loop import Loop

    signal.signal(signal.SIGTERM, _stop)
    with Project.open(project) as opened, Loop(opened) as running:
        try:
            _run(opened, running, once, every, json)
        except KeyboardInterrupt:
            if running.put_by():
                typer.echo("semsam: the training is put by; semsam loop goes on with it", err=True)
            raise


def _run(project: "Project", running: "Loop", once: bool, every: float, json: bool) -> None:
    told: Decision | None = None
    while True:
        decision = running.step()
        if decision != told:
            _tell(decision, json)
        told = decision
        if once:
            if decision.act == "start":
                _wait(project, running, json)
            return
        time.sleep(every)


def _wait(project: "Project", running: "Loop", json: bool) -> None:
    """Wait for the training that begins, with the heartbeat going on; it may be put by for quiet hours meanwhile."""
    from semsam_annotate.annotations.retraining.run import runs

    while running.child is not None and running.child.poll() is None:
        running.step()
        time.sleep(0.5)
    found = runs(project.models)
    outcome = found[-1].outcome if found else None
    ended = "failed, see models/retrain.log" if outcome is None else f"{outcome.state} {outcome.message}".rstrip()
    report: dict[str, Any] = {} if outcome is None else outcome.report
    if json:
        typer.echo(
            jsonlib.dumps({"ended": ended, "version": report.get("version"), "promoted": report.get("promoted")})
        )
        return
    typer.echo(f"Training {ended}." + (f" Report: {found[-1].page}" if found and found[-1].page.is_file() else ""))


def _tell(decision: "Decision", json: bool) -> None:
    typer.echo(jsonlib.dumps(decision.to_json()) if json else f"{time.strftime('%H:%M:%S')} {decision.sentence}")


def _stop(*_: Any) -> NoReturn:
    """Whoever asks the process to end gets the clean end of Ctrl+C."""
    raise KeyboardInterrupt
