"""Webhooks: kept on disk at once, applied in the background in the order they came."""

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
from semsam_annotate.backend.label_studio.waking import woken

_LATER = (OSError, sqlite3.Error, MemoryError)
"""What the machine lacks for the moment, such as room on its disk."""
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
            self.spool.put(changes[0].uid, payload)
        return bool(changes)

    def wake(self) -> None:
        """Look at the spool now: something came, or Label Studio's address became known."""
        self._idle.clear()
        self._wake.set()

    async def settled(self) -> None:
        """Wait until everything that can be applied has been."""
        await self._idle.wait()

    async def run(self) -> None:
        """Apply what comes until cancelled; one server of a project at a time may (``Background``)."""
        while True:
            self._wake.clear()
            try:
                await self._apply_all()
            except (SemsamError, *_LATER) as error:  # the store or the disk: nothing is lost, it is tried again
                log.warning("webhooks wait: %s", error)
            if not self._wake.is_set():
                self._idle.set()
            await woken(self._wake, self.retry_seconds)

    async def _apply_all(self) -> None:
        """Oldest first; a project whose image cannot be had yet waits as a whole, so its news stay in order."""
        waiting: set[str] = set()
        after = 0
        while batch := await run_in_threadpool(self.spool.pending, 20, after):
            for news in batch:
                after = news.seq
                if news.project not in waiting and not await self._apply(news):
                    waiting.add(news.project)

    async def _apply(self, news: News) -> bool:
        """False when it must wait. One change that can never be applied does not keep the others from it."""
        wrong: list[str] = []
        for change in self._read(news, wrong):
            try:
                name = await run_in_threadpool(self.spool.name, change.project, change.uid)
                await self.intake.apply(replace(change, project=name))
            except TryLater as error:
                log.info("webhook %d waits: %s", news.seq, error)
                return False
            except BadInput as error:
                wrong.append(f"annotation {change.id}: {error}")
            except (SemsamError, *_LATER):
                raise
            except Exception as error:  # one strange annotation must not keep those behind it from the store for ever
                log.exception("webhook %d", news.seq)
                wrong.append(f"annotation {change.id}: {type(error).__name__}, see the log")
        if wrong:
            log.warning("webhook %d put aside: %s", news.seq, "; ".join(wrong))
            await run_in_threadpool(self.spool.fail, news, "; ".join(wrong))
        else:
            await run_in_threadpool(self.spool.done, news)
        self.applied()
        return True

    def _read(self, news: News, wrong: list[str]) -> list[Written | Deleted]:
        """It was checked before it was kept; a disk that forgets may have changed it since."""
        try:
            return read_news(parse_object(news.payload))
        except BadInput as error:
            wrong.append(str(error))
            return []
