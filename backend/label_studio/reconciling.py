"""After downtime, and every quarter of an hour: what webhooks missed is taken in, project by project."""

import asyncio
import logging
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from semsam_annotate.api import SemsamError
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.connections import Connection, Connections, project_id
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.prelabelling import TIMEOUT
from semsam_annotate.backend.label_studio.reconciler import Missed, Reconciler
from semsam_annotate.backend.label_studio.waking import woken

log = logging.getLogger("semsam.backend.reconciling")


@dataclass
class Reconciling:
    """Compares the projects that annotations came from, and those that called ``/setup``, as far as a token opens them.

    ``outcomes``: of the last comparison of each project.
    """

    reconciler: Reconciler
    connections: Connections
    seconds: float = 900.0
    retry_seconds: float = 60.0
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, project: str) -> None:
        """Label Studio called: a project that could not be compared is tried now; from the event loop only."""
        if "error" in self.outcomes.get(project, {"error": ""}):
            self._due.pop(project, None)
            self._wake.set()

    async def run(self) -> None:
        """Compare what is due until cancelled."""
        while True:
            self._wake.clear()
            await self._compare_due()
            await woken(self._wake, min(self.seconds, self.retry_seconds))

    async def _compare_due(self) -> None:
        try:
            for project in await run_in_threadpool(self._projects):
                if self._due.get(project, 0.0) <= time.monotonic():
                    await self._compare(project)
        except sqlite3.Error as error:  # the disk: it is tried again
            log.warning("nothing was compared: %s", error)

    def _projects(self) -> list[str]:
        known = {*self.reconciler.hooks.spool.projects(), *self.connections.projects()}
        told = {project_id(uid) for uid in known if "." in uid}
        return sorted(uid for uid in known if project_id(uid).isdecimal() and uid not in told)

    async def _compare(self, project: str) -> None:
        told: dict[str, Any] = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        try:
            connection = self.connections.of(project)
            if connection.token is None:
                raise TryLater("Label Studio's token is not known: it tells it when its data manager is opened")
            missed = await self._ask(connection, project)
            told |= {"created": missed.created, "updated": missed.updated, "deleted": missed.deleted}
            log.info("project %s: %s", project, missed.line())
        except (SemsamError, sqlite3.Error) as error:
            told["error"] = str(error)
            log.info("project %s was not compared: %s", project, error)
        except Exception as error:  # an answer of another form; the server goes on
            told["error"] = f"unforeseen: {type(error).__name__}"
            log.exception("project %s was not compared", project)
        self.outcomes[project] = told
        self._due[project] = time.monotonic() + (self.retry_seconds if "error" in told else self.seconds)

    async def _ask(self, connection: Connection, project: str) -> Missed:
        api = await run_in_threadpool(LabelStudioApi, connection.origin, connection.token or "", TIMEOUT)
        try:
            return await self.reconciler.project(api, project)
        finally:
            api.close()
