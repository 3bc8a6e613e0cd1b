"""Work in the background that goes on: what fails is logged, begun again and told to whoever asks how the server is."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

log = logging.getLogger("semsam.backend")


@dataclass
class KeepingOn:
    """``troubles``: by the name of the work, why it does not run or ended last; empty when all is well."""

    pause: float = 15.0
    well_after: float = 60.0
    """Seconds of work after which the last trouble is over."""
    troubles: dict[str, str] = field(default_factory=dict)

    def trouble(self, name: str, reason: str, error: Exception | None = None) -> None:
        """Note why something does not work; logged once, with where an ``error`` came from."""
        if self.troubles.get(name, "").partition(": ")[2] != reason:
            log.error("%s does not work: %s", name, reason, exc_info=error)
            self.troubles[name] = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}: {reason}"

    def over(self, name: str) -> None:
        """It works."""
        self.troubles.pop(name, None)

    async def run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do it until it ends by itself or is cancelled; what it does not survive is not the end of it."""
        while True:
            try:
                await self._watched(name, work)
                self.over(name)
                return
            except Exception as error:  # whatever it is, the server must not look healthy without it
                self.trouble(name, f"{type(error).__name__}: {error}", error)
            await asyncio.sleep(self.pause)

    async def _watched(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(work())
        try:
            await asyncio.wait({task}, timeout=self.well_after)
            if not task.done():
                self.over(name)
            await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
