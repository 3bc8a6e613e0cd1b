"""Reconciling by hand, while no server runs for the project."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.images import MAX_PIXELS
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.background import background_lock
from semsam_annotate.backend.label_studio.connections import Connections, project_id
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.label_studio.intake import Intake
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.reconciled import Reconciled
from semsam_annotate.backend.label_studio.reconciler import Missed, Reconciler
from semsam_annotate.backend.label_studio.spool import Spool

MAX_BYTES = 3 * MAX_PIXELS + 1_000_000
"""Of one image."""


@dataclass(frozen=True)
class Outcome:
    """``missed``: by project of Label Studio. ``waiting``: not applied yet; ``reasons``: why others never can be."""

    missed: dict[str, Missed]
    waiting: int
    reasons: list[str]


def reconcile_once(folder: Path, url: str, token: str, only: Sequence[int] = ()) -> Outcome:
    """Take in what webhooks missed; ``only``: these projects of Label Studio, else all that annotations came from.

    BadInput when a server runs for the project, or when Label Studio cannot be asked.
    """
    refusal = "`semsam serve` runs for this project and compares by itself: GET /status says what it found"
    project = Project.open(folder)
    try:
        with held(background_lock(project.folder), refusal):
            return asyncio.run(_reconcile(project, url, token, [str(id) for id in only]))
    finally:
        project.close()


async def _reconcile(project: Project, url: str, token: str, only: list[str]) -> Outcome:
    folder = project.folder / "label-studio"
    spool, reconciled = Spool(folder / "webhooks.sqlite"), Reconciled(folder / "reconciled.sqlite")
    connections = Connections(url, token)
    words = project.vocabulary()
    hooks = Hooks(spool, Intake(project.store, project.folder, words, connections, Issued(), spool, MAX_BYTES))
    try:
        with LabelStudioApi(url, token) as api:
            compared = only or _known(spool)
            missed = {project_id(id): await Reconciler(hooks, reconciled).project(api, id) for id in compared}
        before = spool.counts()["failed"]
        await _apply(hooks)
        counts = spool.counts()
        return Outcome(missed, counts["pending"], spool.failures(counts["failed"] - before))
    finally:
        spool.close()
        reconciled.close()


def _known(spool: Spool) -> list[str]:
    found = sorted(spool.projects())
    if not found:
        raise BadInput("no annotation of Label Studio is here yet: say which project of it with --ls-project ID")
    return found


async def _apply(hooks: Hooks) -> None:
    running = asyncio.create_task(hooks.run())
    hooks.wake()
    await hooks.settled()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
