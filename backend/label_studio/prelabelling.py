"""What a batch left over, predicted in the background and written through Label Studio's predictions API."""

import asyncio
import logging
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.concurrency import run_in_threadpool

from semsam_annotate.api import BadInput, Cancelled, SemsamError, Vocabulary
from semsam_annotate.backend.giving_way import LOOK_SECONDS, GivingWay
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi, Refused, Unreachable
from semsam_annotate.backend.label_studio.batch import Batches
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.connections import Connection, Connections
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.predictions import store, stored_versions
from semsam_annotate.backend.label_studio.prelabel_queue import PrelabelQueue, Waiting
from semsam_annotate.backend.label_studio.waking import woken
from semsam_annotate.backend.worker import EngineWorker

log = logging.getLogger("semsam.backend.prelabelling")
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
"""A server that stops waits for its calls."""


@dataclass
class Prelabelling:
    """One task after the other, whenever nobody else wants the engine.

    Whether a task has its prediction is asked of Label Studio before each is made: so it does not matter when a server
    was killed, nor which answers Label Studio lost.
    """

    batches: Batches
    connections: Connections
    worker: EngineWorker
    words: Vocabulary
    retry_seconds: float = 15.0
    patience: float = 10.0
    """Seconds that a task waits for the engine to be free; then it queues like everybody."""
    interruptions: int = 20
    """So often a task gives way to an image that is encoded; then it is finished, or it never would be."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _api: tuple[Connection, LabelStudioApi] | None = None
    _interrupted: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def queue(self) -> PrelabelQueue:
        """What waits."""
        return self.batches.queue

    async def wake(self, project: str) -> None:
        """Label Studio called: what was postponed is tried now."""
        await run_in_threadpool(self.queue.hurry, project)
        self._wake.set()

    async def run(self) -> None:
        """Predict what waits until cancelled."""
        try:
            while True:
                self._wake.clear()
                await self._do_all()
                await woken(self._wake, 1.0)
        finally:
            if self._api is not None:
                self._api[1].close()

    async def _do_all(self) -> None:
        try:
            while (task := await self._next()) is not None:
                await self._do(task)
        except sqlite3.Error as error:  # the disk: nothing is lost, it is tried again
            log.warning("pre-labelling waits: %s", error)

    async def _next(self) -> Waiting | None:
        return None if self.batches.answering else await run_in_threadpool(self.queue.take)

    async def _do(self, task: Waiting) -> None:
        """Whatever becomes of it, it is not taken any more afterwards."""
        try:
            done = await self._predict(task)
            await run_in_threadpool(self.queue.done if done else self.queue.release, task.project, [task.task])
        except SemsamError as error:
            await run_in_threadpool(self._not_done, task, error)
        except Exception as error:  # a fault of ours must not keep the other tasks waiting
            log.exception("task %d of project %s failed", task.task, task.project)
            await run_in_threadpool(self.queue.fail, task.project, task.task, f"unforeseen: {type(error).__name__}")

    def _not_done(self, task: Waiting, error: SemsamError) -> None:
        if isinstance(error, BadInput) and not _may_work_later(error):
            log.warning("task %d of project %s failed: %s", task.task, task.project, error)
            self.queue.fail(task.project, task.task, str(error))
            return
        log.info("pre-labelling of project %s waits: %s", task.project, error)
        self.queue.release(task.project, [task.task])
        self.queue.postpone(task.project, self.retry_seconds)

    async def _predict(self, task: Waiting) -> bool:
        """Whether Label Studio has all it can get; False when somebody else wanted the engine."""
        connection = self.connections.of(task.project)
        if connection.token is None:
            raise TryLater("Label Studio's token is not known: it tells it when its data manager is opened")
        api = await run_in_threadpool(self._api_of, connection)
        if await self.worker.version() in await run_in_threadpool(stored_versions, api, task.task):
            return True
        try:
            found = await self._give_way(task, connection)
        except Cancelled:
            return False
        if found is not None:
            await run_in_threadpool(store, api, task.project, task.task, found)
        return True

    def _api_of(self, connection: Connection) -> LabelStudioApi:
        """Kept from task to task: its connection, and what its token was exchanged for."""
        if self._api is None or self._api[0] != connection:
            if self._api is not None:
                self._api[1].close()
            self._api = connection, LabelStudioApi(connection.origin, connection.token or "", TIMEOUT)
        return self._api[1]

    async def _give_way(self, task: Waiting, connection: Connection) -> dict[str, Any] | None:
        """The prediction; begun when nobody else wants the engine, Cancelled when an image waits before it is made."""
        until = time.monotonic() + self.patience
        while (self.worker.waiting_long or self.batches.answering) and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
        key = task.project, task.task
        often = self._interrupted.get(key, 0)
        gives_way = often < self.interruptions
        token = GivingWay(lambda: gives_way and self.worker.waiting_long > 1)  # ours, and somebody's; clicks pass it
        config = parse_config(task.config, self.words)
        try:
            found = await self.batches.prelabeller.prediction(task.address, config, connection, token)
            self._interrupted.pop(key, None)
            return found
        except Cancelled:
            self._interrupted[key] = often + 1
            raise
        finally:
            token.cancel()  # when the server stops, its engine does not finish this first


def _may_work_later(error: BadInput) -> bool:
    if isinstance(error, Refused):
        return error.status in (401, 403, 429) or error.status >= 500
    return isinstance(error, TryLater | Unreachable)
