"""The image of the task that comes next, encoded while the annotator still works on this one."""

import asyncio
import json
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.concurrency import run_in_threadpool

from semsam_annotate.api import Cancelled, SemsamError
from semsam_annotate.backend.giving_way import LOOK_SECONDS, GivingWay
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.config import LabelConfig
from semsam_annotate.backend.label_studio.connections import Connection, project_id
from semsam_annotate.backend.label_studio.embeddings import TaskEmbeddings
from semsam_annotate.backend.label_studio.prelabeller import address_of
from semsam_annotate.backend.worker import EngineWorker

log = logging.getLogger("semsam.backend.prefetching")
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
USEFUL_FIRST = "Uncertainty sampling"
"""A project's sampling that opens the lowest score of a prediction first; any other counts as by id."""
AHEAD = 20
"""Tasks behind this one among which the next without an annotation is looked for."""


@dataclass(frozen=True)
class Place:
    """Where somebody is: a task of a project, by its ``project_uid``."""

    project: str
    task: int
    config: LabelConfig
    connection: Connection

    @property
    def key(self) -> tuple[str, int]:
        """Project and task."""
        return self.project, self.task


class Prefetch:
    """One image at a time, for who asked last; clicks pass it, and it gives way to whatever else takes long.

    Label Studio opens tasks by their ids, or the most useful first, those without an annotation. ``seconds``: after
    them an image is given up.
    """

    def __init__(self, embeddings: TaskEmbeddings, worker: EngineWorker, seconds: float = 120.0) -> None:
        self._embeddings, self._worker, self._seconds = embeddings, worker, seconds
        self._wanted: Place | None = None
        self._done: tuple[str, int] | None = None
        self._work: asyncio.Task[None] | None = None

    def after(self, place: Place) -> None:
        """Somebody works on a task; nothing happens where Label Studio's token is not known."""
        if place.connection.token is None or not project_id(place.project).isdecimal() or self._done == place.key:
            return
        self._wanted = place
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End."""
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work

    async def _run(self) -> None:
        while (place := self._wanted) is not None:
            over = True
            try:
                over = await self._one(place)
            except SemsamError as error:  # whoever opens the task is told; each click would meet it again
                log.info("the task after %d of project %s is not prepared: %s", place.task, place.project, error)
            except Exception:  # Label Studio's answer is not what it was
                log.exception("the task after %d of project %s is not prepared", place.task, place.project)
            self._done = place.key if over else None
            if self._wanted is not None and self._wanted.key == place.key:
                self._wanted = None

    async def _one(self, place: Place) -> bool:
        """Whether nothing is left to do for a place; False when somebody is elsewhere by now, or time is over."""
        task = await run_in_threadpool(_next, place)
        if task is None:
            return True
        address, until = address_of(task, place.config), time.monotonic() + self._seconds
        while time.monotonic() < until and self._wanted is not None and self._wanted.key == place.key:
            if not self._worker.has_room:
                return True
            if self._worker.waiting_long or not await self._encoded(address, place.connection):
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return True
        return False

    async def _encoded(self, address: str, connection: Connection) -> bool:
        """False when somebody wanted the engine before it was."""
        token = GivingWay(lambda: self._worker.waiting_long > 1)  # ours, and somebody's
        try:
            await self._embeddings.ask(address, connection, lambda *_: None, token)
            return True
        except Cancelled:
            return False
        finally:
            token.cancel()  # when the server stops, its engine does not finish this first


def _next(place: Place) -> dict[str, Any] | None:
    """The first task without an annotation, in the project's order, with its data as it was imported.

    Of those behind the place; of a project that asks for the most useful first, of all others.
    """
    project = project_id(place.project)
    with LabelStudioApi(place.connection.origin, place.connection.token or "", TIMEOUT) as api:
        useful = api.get(f"/api/projects/{project}", seconds=10.0).get("sampling") == USEFUL_FIRST
        query = {
            "project": project,
            "query": json.dumps(_BY_USE if useful else _behind(place.task)),
            "fields": "all",
            "include": "id,annotations_ids,data",
            "resolve_uri": "false",
            "page": 1,
            "page_size": AHEAD,
        }
        rows = api.get("/api/tasks", query, seconds=10.0)["tasks"]
    later = (row for row in rows if (row["id"] != place.task if useful else row["id"] > place.task))
    return next((row for row in later if not row.get("annotations_ids")), None)


def _behind(task: int) -> dict[str, Any]:
    behind = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": task}
    return {"filters": {"conjunction": "and", "items": [behind]}, "ordering": ["tasks:id"]}


_NOT_LABELLED = {"filter": "filter:tasks:total_annotations", "operator": "equal", "type": "Number", "value": 0}
_BY_USE = {"filters": {"conjunction": "and", "items": [_NOT_LABELLED]}, "ordering": ["tasks:predictions_score"]}
"""The lowest score first, tasks without a prediction last, as ``next_task.py`` of Label Studio chooses."""
