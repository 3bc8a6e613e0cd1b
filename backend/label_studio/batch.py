"""Many tasks in one ``/predict``: what is ready within seconds is answered, the rest is left to the background."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.backend.label_studio.config import LabelConfig
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.prelabel_queue import PrelabelQueue
from semsam_annotate.backend.label_studio.prelabeller import Prelabeller

NOTHING: list[dict[str, Any]] = []
"""The answer for a task without a prediction, now or ever: Label Studio stores none and shows no tab, and asks for the
task anew when somebody opens it. An empty prediction would be a tab of "0.00 %", and the last word about the task."""


log = logging.getLogger("semsam.backend.prelabelling")


@dataclass(frozen=True)
class Asked:
    """A batch. ``tasks``: by their ids, image addresses; ``project``: as in ``/setup``."""

    project: str
    text: str
    config: LabelConfig
    tasks: Mapping[int, str]
    connection: Connection


@dataclass
class Batches:
    """Answers batches. ``seconds``: after them no other task is begun; Label Studio drops the answer after 100."""

    prelabeller: Prelabeller
    queue: PrelabelQueue
    seconds: float = 20.0
    longest: float = 60.0
    """Seconds after which a task that was begun is left to the background too."""
    answering: int = field(default=0, init=False)
    """Batches that are being answered: the background waits for them."""

    async def answer(self, asked: Asked) -> dict[int, dict[str, Any]]:
        """Predictions of the first tasks by their ids; the others are on disk by then, if the disk takes them."""
        begin = time.monotonic()
        mine = await self._claim(asked)
        if not mine:
            await self._others(asked)
        left, found = [task for task in asked.tasks if task in mine], dict[int, dict[str, Any]]()
        self.answering += 1
        try:
            async with asyncio.timeout(self.longest):
                while left and time.monotonic() < begin + self.seconds:
                    if (prediction := await self._one(asked, left[0])) is not None:
                        found[left[0]] = prediction
                    del left[0]
        except (SemsamError, TimeoutError) as error:  # the engine is busy, or the image cannot be had yet
            log.info("task %d waits: %s", left[0], error)
        finally:
            self.answering -= 1
            await self._note(self._settle, asked.project, list(found), left)
        return found

    async def _claim(self, asked: Asked) -> set[int]:
        """What nobody works on; where it cannot be kept all of it, since Label Studio asks again for what is left."""
        try:
            return await run_in_threadpool(self.queue.claim, asked.project, asked.text, asked.tasks)
        except sqlite3.Error as error:
            log.warning("project %s: %d tasks are not kept: %s", asked.project, len(asked.tasks), error)
            return set(asked.tasks)

    async def _note(self, what: Callable[..., None], *told: object) -> None:
        """An answer that is there is given also when the disk does not take down that it was."""
        try:
            await run_in_threadpool(what, *told)
        except sqlite3.Error as error:
            log.warning("what was answered is not noted: %s", error)

    async def _others(self, asked: Asked) -> None:
        """Of a task that somebody opens and the background works on: Label Studio looks again after our answer."""
        until = time.monotonic() + self.seconds
        while any(self.queue.is_taken(asked.project, task) for task in asked.tasks) and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def _one(self, asked: Asked, task: int) -> dict[str, Any] | None:
        try:
            found = await self.prelabeller.prediction(asked.tasks[task], asked.config, asked.connection)
        except TryLater:
            raise
        except BadInput as error:
            await self._note(self.queue.fail, asked.project, task, str(error))
            return None
        if found is None:
            await self._note(self.queue.done, asked.project, [task])
        return found

    def _settle(self, project: str, answered: list[int], left: list[int]) -> None:
        try:
            self.queue.answered(project, answered)
        finally:
            self.queue.release(project, left)
        if left:
            log.info("project %s: %d tasks answered, %d wait for the background", project, len(answered), len(left))
