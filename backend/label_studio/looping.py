"""The project's loop inside a server: while project.toml asks for trainings by themselves, and nobody else runs it."""

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.plan import Decision
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.backend.label_studio.waking import woken

log = logging.getLogger("semsam.backend.training")


@dataclass
class Looping:
    """``seconds``: between two looks without news; masks come from windows too, and times of a schedule come.
    ``pause``: between any two, as news come with every mask, and clicks are answered in this process."""

    loop: Loop
    seconds: float = 30.0
    pause: float = 3.0
    _entered: ExitStack | None = None
    _other: str = ""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """There may be news in the store; from the event loop only."""
        self._news.set()

    async def run(self) -> None:
        """Look after every change, and now and then, until cancelled; then the loop is free for another process."""
        try:
            while True:
                self._news.clear()
                try:
                    await run_in_threadpool(self.look)
                except (SemsamError, OSError) as error:  # the store, project.toml or the disk: it is looked at again
                    log.warning("training did not start: %s", error)
                await asyncio.sleep(self.pause)
                await woken(self._news, self.seconds)
        finally:
            self._leave()

    def look(self) -> Decision | None:
        """Do what is due; None when the project asks for nothing, or another process runs its loop."""
        if not self.loop.wanted:
            self._leave()
            return None
        return self.loop.step() if self._enter() else None

    def _enter(self) -> bool:
        if self._entered is not None:
            return True
        stack = ExitStack()
        try:
            stack.enter_context(self.loop)
        except BadInput as error:
            if str(error) != self._other:
                self._other = str(error)
                log.info("%s", error)
            return False
        self._entered, self._other = stack, ""
        return True

    def _leave(self) -> None:
        if self._entered is not None:
            self._entered.close()
            self._entered = None
