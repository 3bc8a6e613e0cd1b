"""Webhooks: kept on disk at once, applied in the background, each when it can be."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.concurrency import run_in_threadpool

from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.backend.bodies import parse_object
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.intake import Intake
from semsam_annotate.backend.label_studio.news import Deleted, Written, read_news
from semsam_annotate.backend.label_studio.spool import News, Spool
from semsam_annotate.backend.label_studio.versions import GONE
from semsam_annotate.backend.label_studio.waking import woken

_LATER = (OSError, sqlite3.Error, MemoryError)
"""What the machine lacks for the moment, such as room on its disk."""
PROJECTS_AT_ONCE = 8
AT_A_TIME = 20
"""Webhooks of a project between two looks at what came."""
REFUSALS = 3
log = logging.getLogger("semsam.backend.label_studio")


@dataclass
class Hooks:
    """Applies what the spool holds, also what a killed server left there."""

    spool: Spool
    intake: Intake
    retry_seconds: float = 15.0
    applied: Callable[[], None] = lambda: None
    """Called after each change of the store."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, body: dict[str, Any], payload: bytes) -> bool:
        """Keep a webhook about annotations; when this returns it is on disk. BadInput for a damaged one.

        ``payload``: the body as it came, kept as it is: writing 180 kB of JSON anew takes longer than the disk. False
        for one that is not about annotations. May be called from any thread; call ``wake`` afterwards.
        """
        changes = read_news(body)
        if changes:
            about = [(change.id, change.version if isinstance(change, Written) else GONE) for change in changes]
            self.spool.put(changes[0].uid, payload, about)
        return bool(changes)

    async def called(self) -> None:
        """Label Studio called: what waits is tried now."""
        try:
            await run_in_threadpool(self.spool.hurry, False)
        except sqlite3.Error as error:  # it is tried by itself later
            log.warning("what waits is not tried now: %s", error)
        self.wake()

    def wake(self) -> None:
        """Look at the spool now: something came."""
        self._idle.clear()
        self._wake.set()

    async def settled(self) -> None:
        """Wait until everything that can be applied has been."""
        await self._idle.wait()

    async def run(self) -> None:
        """Apply what comes until cancelled, first all that is there; one server of a project may (``Background``)."""
        first = True
        while True:
            self._wake.clear()
            try:
                if first:
                    await run_in_threadpool(self.spool.hurry, True)
                    first = False
                await self._apply_all()
            except (SemsamError, *_LATER) as error:  # the store or the disk: nothing is lost, it is tried again
                log.warning("webhooks wait: %s", error)
            if not self._wake.is_set():
                self._idle.set()
            await woken(self._wake, self.retry_seconds)

    async def _apply_all(self) -> None:
        """Projects side by side, so that a slow image keeps no other project waiting, nor what comes meanwhile."""
        places, working = asyncio.Semaphore(PROJECTS_AT_ONCE), dict[str, asyncio.Task[None]]()
        try:
            while await self._begin(working, places):
                await self._news(working)
        except BaseException:
            for task in working.values():
                task.cancel()
            raise
        finally:
            ended = await asyncio.gather(*working.values(), return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    async def _begin(self, working: dict[str, "asyncio.Task[None]"], places: asyncio.Semaphore) -> bool:
        """Begin projects that have something due and are not at work; False when there is nothing to wait for."""
        for project in [name for name, task in working.items() if task.done() and not _failed(task)]:
            del working[project]
        self._wake.clear()  # before the look: what comes after it is looked at anew
        found: dict[str, list[int]] = {}
        for seq, project in await run_in_threadpool(self.spool.pending):
            found.setdefault(project, []).append(seq)
        for project in found.keys() - working.keys():
            working[project] = asyncio.create_task(self._project(found[project][:AT_A_TIME], places))
        return not all(_failed(task) for task in working.values())

    async def _news(self, working: dict[str, "asyncio.Task[None]"]) -> None:
        """Wait until a project is done, perhaps while its news were looked for, or something came."""
        woken = asyncio.create_task(self._wake.wait())
        tasks = [task for task in working.values() if not _failed(task)]
        try:
            await asyncio.wait([*tasks, woken], timeout=self.retry_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _project(self, seqs: list[int], places: asyncio.Semaphore) -> None:
        """One that must wait keeps no other waiting: whatever the order, the newest of each annotation counts.

        When the store or the disk takes none of a few, the others are not tried now.
        """
        refused = 0
        async with places:
            for seq in seqs:
                if (news := await run_in_threadpool(self.spool.read, seq)) is None:
                    continue
                try:
                    await self._apply(news)
                    refused = 0
                except (SemsamError, *_LATER) as error:
                    refused += 1
                    await self._wait(news, str(error) or type(error).__name__)
                    if refused >= REFUSALS:
                        raise

    async def _wait(self, news: News, reason: str) -> None:
        log.info("webhook %d waits: %s", news.seq, reason)
        await run_in_threadpool(self.spool.wait, news, reason, self.retry_seconds)

    async def _apply(self, news: News) -> None:
        """One change that cannot be applied, or not yet, does not keep the others from it."""
        wrong, later, changed = list[str](), list[str](), False
        for change in self._read(news, wrong):
            try:
                name = await run_in_threadpool(self.spool.name, change.project, change.uid)
                await self.intake.apply(replace(change, project=name))
                changed = True
            except TryLater as error:
                later.append(f"annotation {change.id}: {error}")
            except BadInput as error:
                wrong.append(f"annotation {change.id}: {error}")
            except (SemsamError, *_LATER):
                raise
            except Exception as error:  # one strange annotation must not keep those behind it from the store for ever
                log.exception("webhook %d", news.seq)
                wrong.append(f"annotation {change.id}: {type(error).__name__}, see the log")
        if later:
            await self._wait(news, "; ".join(later + wrong))
        elif wrong:
            log.warning("webhook %d put aside: %s", news.seq, "; ".join(wrong))
            await run_in_threadpool(self.spool.fail, news, "; ".join(wrong))
        else:
            await run_in_threadpool(self.spool.done, news)
        if changed:
            self.applied()

    def _read(self, news: News, wrong: list[str]) -> list[Written | Deleted]:
        """It was checked before it was kept; a disk that forgets may have changed it since."""
        try:
            return read_news(parse_object(news.payload))
        except BadInput as error:
            wrong.append(str(error))
            return []


def _failed(task: "asyncio.Task[None]") -> bool:
    """Whether a project gave up, so that it is not begun again now."""
    return task.done() and task.exception() is not None
