"""The engine behind two threads: calls wait their turn there, so the server answers /health while it encodes."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from semsam_annotate.api import Engine
from semsam_annotate.api.priority import give_way_here
from semsam_annotate.backend.errors import RequestRefused
from semsam_annotate.model.engine import Encodings, LocalEngine

T = TypeVar("T")
LONGEST_PAUSE = 30
"""Seconds that a refused client is asked to wait at most."""


class EngineWorker:
    """Runs functions of the engine one after the other: clicks in one thread, in another what takes long.

    Which of them computes is the engine's to say (``LocalEngine`` lets a click by between two layers).

    More than ``max_waiting`` of them at a time are refused with 429, so that a flood does not pile up memory.
    ``niceness``: of the thread for what takes long.
    """

    def __init__(self, engine: Engine, max_waiting: int = 32, niceness: int = 0) -> None:
        self._engine, self._max_waiting = engine, max_waiting
        self._waiting, self._long, self._seconds = 0, 0, 0.1
        self._version = engine.info.version
        self._clicks = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clicks")
        self._images = ThreadPoolExecutor(1, "images", initializer=give_way_here, initargs=(niceness,))

    @property
    def waiting(self) -> int:
        """Calls that run or wait."""
        return self._waiting

    @property
    def waiting_long(self) -> int:
        """Those of them that take long."""
        return self._long

    async def run(self, call: Callable[[Engine], T]) -> T:
        """The result of ``call(engine)``, which takes milliseconds; RequestRefused (429) when too many wait."""
        return await self._run(self._clicks, call)

    async def run_long(self, call: Callable[[Engine], T]) -> T:
        """The same of what takes long: encoding, searching a whole image, many prompts."""
        self._long += 1
        try:
            return await self._run(self._images, call)
        finally:
            self._long -= 1

    async def _run(self, thread: ThreadPoolExecutor, call: Callable[[Engine], T]) -> T:
        if self._waiting >= self._max_waiting:
            line = f"the engine is busy: {self._waiting} requests wait; try again in a moment"
            raise RequestRefused(429, line, self.pause)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, self._timed, call)
        finally:
            self._waiting -= 1

    @property
    def pause(self) -> int:
        """Seconds until half of those that wait should be answered, judged by the calls before them."""
        return min(LONGEST_PAUSE, max(1, math.ceil(self._waiting * self._seconds / 2)))

    @property
    def memory_bytes(self) -> int:
        """Bytes of encoded images that the engine holds in memory; 0 for one that does not tell."""
        return self._engine.memory_bytes if isinstance(self._engine, LocalEngine) else 0

    @property
    def has_room(self) -> bool:
        """Whether an image can be encoded ahead without pushing out the one that is worked on."""
        return not isinstance(self._engine, LocalEngine) or self._engine.has_room

    @property
    def encodings(self) -> Encodings:
        """What the engine encoded and reused; zeros for one that does not tell."""
        return self._engine.encodings if isinstance(self._engine, LocalEngine) else Encodings()

    def _timed(self, call: Callable[[Engine], T]) -> T:
        begin = time.monotonic()
        try:
            return call(self._engine)
        finally:
            self._seconds += 0.2 * (time.monotonic() - begin - self._seconds)

    async def version(self) -> str:
        """The model that serves; the last known one while the engine works, since who asks may wait 3 s only."""
        if self._waiting == 0:
            self._version = str(await self.run(lambda engine: engine.info.version))
        return self._version

    def close(self) -> None:
        """Wait for the running calls, drop those that wait, close the engine."""
        for thread in (self._clicks, self._images):
            thread.shutdown(wait=True, cancel_futures=True)
        self._engine.close()
