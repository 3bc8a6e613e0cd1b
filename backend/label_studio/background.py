"""What one server of a project does when nobody asks: applying webhooks, pre-labelling what was left, reconciling."""

import asyncio
import logging
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations.files import clear_unfinished
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.label_studio.intake import images_folder
from semsam_annotate.backend.label_studio.keeping_on import KeepingOn
from semsam_annotate.backend.label_studio.prelabelling import Prelabelling
from semsam_annotate.backend.label_studio.reconciling import Reconciling

log = logging.getLogger("semsam.backend.label_studio")
HOUR = 3600.0


def background_lock(project: Path) -> Path:
    """The file that the one process holds which works in the background for a project."""
    return project / "label-studio" / ".background.lock"


@dataclass(frozen=True)
class Background:
    """``lock``: held meanwhile, since several servers may share a project. ``keeping``: what of it does not work."""

    hooks: Hooks
    prelabelling: Prelabelling
    reconciling: Reconciling
    lock: Path
    keeping: KeepingOn = field(default_factory=KeepingOn)

    async def called(self, project: str) -> None:
        """Label Studio called ``/setup``: what waited for it is tried now."""
        self.reconciling.wake(project)
        try:
            await self.prelabelling.wake(project)
        except sqlite3.Error as error:  # it is tried by itself later
            log.warning("what waits for project %s is not tried now: %s", project, error)

    async def run(self) -> None:
        """Work until cancelled; in a rolling restart from when the process before has ended."""
        with ExitStack() as stack:
            while not await run_in_threadpool(self._alone, stack):
                await asyncio.sleep(1.0)
            await self.keeping.run("beginning", self._begin)
            async with asyncio.TaskGroup() as group:
                group.create_task(self.keeping.run("webhooks", self.hooks.run))
                group.create_task(self.keeping.run("prelabelling", self.prelabelling.run))
                group.create_task(self.keeping.run("reconciling", self.reconciling.run))

    def close(self) -> None:
        """Close the files."""
        self.prelabelling.queue.close()
        self.reconciling.reconciler.reconciled.close()

    async def _begin(self) -> None:
        await run_in_threadpool(self.reconciling.reconciler.notice_restoring)
        await run_in_threadpool(self._clear)

    def _clear(self) -> None:
        """What killed servers left half written; in the project's folder windows write too, but for no hour."""
        root = self.hooks.intake.root
        clear_unfinished(images_folder(root))
        for folder in (root, root / "label-studio"):
            clear_unfinished(folder, HOUR)

    def _alone(self, stack: ExitStack) -> bool:
        try:
            stack.enter_context(held(self.lock, "another server works for this project"))
        except BadInput:
            return False
        except OSError as error:  # such as a lock file that another user made
            self.keeping.trouble("lock", f"{self.lock}: {error.strerror or error}")
            return False
        self.keeping.over("lock")
        return True
