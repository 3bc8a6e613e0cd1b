"""``semsam loop``."""

import json as jsonlib
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from semsam_annotate.api import SemsamError

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
    every: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds between two looks.")] = 30.0,
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
    told: Decision | str | None = None
    if once:
        _once(project, running, json)
        return
    ended = _ended(project)
    while True:
        decision = _looked(running)
        if decision != told:
            _tell(decision, json)
        told = decision
        if _ended(project) != ended:
            ended = _ended(project)
            _tell_end(project, json)
        time.sleep(every)


def _once(project: "Project", running: "Loop", json: bool) -> None:
    """Look, and wait for the training that begins; ends with 1 when that fails, not when quiet hours put it by."""
    ended = _ended(project)
    decision = running.step()
    _tell(decision, json)
    if decision.act == "start":
        _wait(running)
    failed = running.child is not None and running.child.returncode and not _is_put_by(project)
    if _ended(project) != ended:
        _tell_end(project, json)
    elif failed:
        typer.echo(f"semsam: the training has failed, see {project.models / 'retrain.log'}", err=True)
    if failed:
        raise typer.Exit(1)


def _wait(running: "Loop") -> None:
    """Until the training has ended, with the heartbeat going on; quiet hours may put it by meanwhile."""
    while running.child is not None and running.child.poll() is None:
        _looked(running)
        time.sleep(0.5)
    running.notice()


def _looked(running: "Loop") -> "Decision | str":
    """What is decided, or what is wrong: project.toml is being edited, or the disk is full. It is looked at again."""
    try:
        return running.step()
    except (SemsamError, OSError) as error:
        return str(error)


def _ended(project: "Project") -> int:
    """Number of the last training that ended, 0 while there is none."""
    from semsam_annotate.annotations.retraining.run import runs

    return max((run.number for run in runs(project.models) if run.outcome is not None), default=0)


def _is_put_by(project: "Project") -> bool:
    from semsam_annotate.annotations.retraining.run import PUT_BY, runs

    outcome = runs(project.models)[-1].outcome if runs(project.models) else None
    return outcome is not None and outcome.state == PUT_BY


def _tell_end(project: "Project", json: bool) -> None:
    """How the last training ended, whoever began it."""
    from semsam_annotate.annotations.retraining.run import runs
    from semsam_annotate.annotations.retraining.verdict import Verdict

    run = [run for run in runs(project.models) if run.outcome is not None][-1]
    outcome = run.outcome
    assert outcome is not None
    page = str(run.page) if run.page.is_file() else None
    if json:
        told = {"training": run.number, "ended": outcome.state, "message": outcome.message, "page": page}
        typer.echo(jsonlib.dumps({**told, **{key: outcome.report.get(key) for key in ("version", "promoted")}}))
        return
    verdict = Verdict.read(outcome.report)
    said = outcome.message if verdict is None else verdict.in_short
    typer.echo(f"{time.strftime('%H:%M:%S')} Training {run.number} {outcome.state}{f': {said}' if said else '.'}")
    if page is not None:
        typer.echo(f"         Report: {page}")


def _tell(decision: "Decision | str", json: bool) -> None:
    if isinstance(decision, str):
        typer.echo(f"semsam: {decision}; looking again", err=True)
        return
    typer.echo(jsonlib.dumps(decision.to_json()) if json else f"{time.strftime('%H:%M:%S')} {decision.sentence}")


def _stop(*_: object) -> NoReturn:
    """Whoever asks the process to end gets the clean end of Ctrl+C."""
    raise KeyboardInterrupt
