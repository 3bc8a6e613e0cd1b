"""The engine behind one thread: calls wait their turn there, so the server answers /health while it encodes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from semsam_annotate.api import Engine
from semsam_annotate.backend.errors import RequestRefused

T = TypeVar("T")


class EngineWorker:
    """Runs functions of the engine one after the other in a thread of their own.

    More than ``max_waiting`` of them at a time are refused with 503, so that a flood does not pile up memory.
    """

    def __init__(self, engine: Engine, max_waiting: int = 32) -> None:
        self._engine, self._max_waiting = engine, max_waiting
        self._waiting = 0
        self._version = engine.info.version
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")

    @property
    def waiting(self) -> int:
        """Calls that run or wait."""
        return self._waiting

    async def run(self, call: Callable[[Engine], T]) -> T:
        """The result of ``call(engine)``; RequestRefused (503) when too many wait."""
        if self._waiting >= self._max_waiting:
            raise RequestRefused(503, f"the engine is busy: {self._waiting} requests wait; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call, self._engine)
        finally:
            self._waiting -= 1

    async def version(self) -> str:
        """The model that serves; the last known one while the engine works, since who asks may wait 3 s only."""
        if self._waiting == 0:
            self._version = str(await self.run(lambda engine: engine.info.version))
        return self._version

    def close(self) -> None:
        """Wait for the running call, drop those that wait, close the engine."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._engine.close()
