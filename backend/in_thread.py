"""The server's insides without its routes, in a thread with an event loop, for callers that wait."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from semsam_annotate.api import Engine
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.label_studio.service import LabelStudio
from semsam_annotate.backend.services import Services
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.backend.worker import EngineWorker

T = TypeVar("T")


class InThread:
    """``create_app`` with everything that it does in the background, until ``close``. BadInput as it raises it."""

    def __init__(self, settings: ServerSettings, engine: Engine | None = None) -> None:
        self._app = create_app(settings, engine)
        self._loop, self._ended = asyncio.new_event_loop(), asyncio.Event()
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)
        self._thread.start()
        self._running.wait()

    @property
    def label_studio(self) -> LabelStudio:
        """What answers Label Studio."""
        found: LabelStudio = self._app.state.label_studio
        return found

    @property
    def worker(self) -> EngineWorker:
        """The engine's."""
        found: Services = self._app.state.services
        return found.worker

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work in the loop; from any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def soon(self, call: Callable[[], None]) -> None:
        """Call it in the loop."""
        self._loop.call_soon_threadsafe(call)

    def close(self) -> None:
        """End the work in the background and close the engine; calling it twice is fine."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    async def _run(self) -> None:
        async with self._app.router.lifespan_context(self._app):
            self._running.set()
            await self._ended.wait()
