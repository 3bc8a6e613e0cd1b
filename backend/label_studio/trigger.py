"""Training by itself: after so many newly accepted masks, one run of the project at a time."""

import asyncio
import logging
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations import AnnotationStore
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.api import SemsamError
from semsam_annotate.backend.label_studio.retraining import Retraining

log = logging.getLogger("semsam.backend.training")


@dataclass
class Trigger:
    """``after``: masks that neither the last finished training nor the last try of this trigger knew.

    A try that failed, say because too little was annotated, is so not repeated before as many more came.
    """

    store: AnnotationStore
    retraining: Retraining
    after: int
    seconds: float = 60.0
    """It also looks without being told: masks come from windows too, and a training that goes on ends."""
    _tried: frozenset[str] = frozenset()
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """There may be news in the store; from the event loop only."""
        self._news.set()

    async def run(self) -> None:
        """Look after every change until cancelled."""
        while self.after > 0:
            self._news.clear()
            try:
                await run_in_threadpool(self.look)
            except SemsamError as error:  # the store or the system: it is looked at again
                log.warning("training did not start: %s", error)
            try:
                await asyncio.wait_for(self._news.wait(), self.seconds)
            except TimeoutError:
                continue

    def look(self) -> bool:
        """Start a training when enough is new and none goes on; whether it did."""
        if self.after <= 0 or self.retraining.running:
            return False
        accepted, last = frozenset(self.store.accepted_ids()), last_finished(self.retraining.models)
        fresh = accepted - self._tried - (frozenset() if last is None else last.masks)
        if len(fresh) < self.after:
            return False
        begun = self.retraining.start()
        if begun["state"] == "started":
            self._tried = accepted
            log.info("training started: %d masks are new", len(fresh))
        return begun["state"] == "started"
