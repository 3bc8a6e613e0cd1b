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
from semsam_annotate.backend.label_studio.image_hosts import image_hosts
from semsam_annotate.backend.label_studio.intake import Intake
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.reconciled import Reconciled
from semsam_annotate.backend.label_studio.reconciler import Missed, Reconciler
from semsam_annotate.backend.label_studio.spool import Spool

MAX_BYTES = 3 * MAX_PIXELS + 1_000_000
"""Of one image."""


@dataclass(frozen=True)
class Outcome:
    """``missed``: by project of Label Studio. ``waiting``: how many are not applied yet, ``delays``: why not;
    ``reasons``: why others were put aside."""

    missed: dict[str, Missed]
    waiting: int
    delays: list[str]
    reasons: list[str]

    @property
    def complete(self) -> bool:
        """Whether the store has all there is."""
        return not self.waiting and not self.reasons


def reconcile_once(folder: Path, url: str, token: str, only: Sequence[int] = (), hosts: Sequence[str] = ()) -> Outcome:
    """Take in what webhooks missed; ``only``: these projects of Label Studio, else all that annotations came from.

    ``hosts``: where images may come from besides Label Studio. What waits or was put aside is tried again.
    BadInput when a server runs for the project, or when Label Studio cannot be asked.
    """
    refusal = "`semsam serve` runs for this project and compares by itself: GET /status says what it found"
    project = Project.open(folder)
    try:
        with held(background_lock(project.folder), refusal):
            connections = Connections(url, token, image_hosts(hosts))
            return asyncio.run(_reconcile(project, connections, LabelStudioApi(url, token), [str(id) for id in only]))
    finally:
        project.close()


async def _reconcile(project: Project, connections: Connections, api: LabelStudioApi, only: list[str]) -> Outcome:
    folder = project.folder / "label-studio"
    spool, reconciled = Spool(folder / "webhooks.sqlite"), Reconciled(folder / "reconciled.sqlite")
    words = project.vocabulary()
    hooks = Hooks(spool, Intake(project.store, project.folder, words, connections, Issued(), spool, MAX_BYTES))
    reconciler = Reconciler(hooks, reconciled)
    try:
        with api:
            reconciler.notice_restoring()
            compared = only or _known(spool)
            missed = {project_id(id): await reconciler.project(api, id) for id in compared}
        await _apply(hooks)
        return Outcome(missed, spool.counts()["pending"], spool.delays(), spool.failures())
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
