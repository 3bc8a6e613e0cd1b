"""Everything that Label Studio's routes share, and the background work that goes with it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.requests import Request

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.api import Vocabulary
from semsam_annotate.backend.label_studio.background import Background, background_lock
from semsam_annotate.backend.label_studio.batch import Batches
from semsam_annotate.backend.label_studio.connections import Connections
from semsam_annotate.backend.label_studio.embeddings import TaskEmbeddings
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.label_studio.image_hosts import image_hosts
from semsam_annotate.backend.label_studio.intake import Intake
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.keeping_on import KeepingOn
from semsam_annotate.backend.label_studio.kept_setups import KeptSetups
from semsam_annotate.backend.label_studio.looping import Looping
from semsam_annotate.backend.label_studio.predict import Predictor
from semsam_annotate.backend.label_studio.prefetching import Prefetch
from semsam_annotate.backend.label_studio.prelabel_queue import PrelabelQueue
from semsam_annotate.backend.label_studio.prelabeller import Prelabeller
from semsam_annotate.backend.label_studio.prelabelling import Prelabelling
from semsam_annotate.backend.label_studio.reconciled import Reconciled
from semsam_annotate.backend.label_studio.reconciler import Reconciler
from semsam_annotate.backend.label_studio.reconciling import Reconciling
from semsam_annotate.backend.label_studio.retraining import Retraining
from semsam_annotate.backend.label_studio.spool import Spool
from semsam_annotate.backend.label_studio.task_order import TaskOrder
from semsam_annotate.backend.services import Services

log = logging.getLogger("semsam.backend")


@dataclass(frozen=True)
class LabelStudio:
    """All but the first two are None when the server has no project to keep annotations and waiting work in."""

    connections: Connections
    predictor: Predictor
    hooks: Hooks | None
    retraining: Retraining | None
    looping: Looping | None = None
    background: Background | None = None
    keeping: KeepingOn = field(default_factory=KeepingOn)

    async def called(self, project: str) -> None:
        """Label Studio called ``/setup``, so what waited for it is tried now."""
        if self.hooks is not None:
            await self.hooks.called()
        if self.background is not None:
            await self.background.called(project)

    def when_applied(self, *calls: Callable[[], None]) -> None:
        """Call these after each change of the store, beside the project's loop."""
        if self.hooks is None or self.looping is None:
            return
        told = (*calls, self.looping.tell)

        def tell() -> None:
            for call in told:
                call()

        self.hooks.applied = tell

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Apply webhooks and work in the background meanwhile."""
        works = {"loop": self.looping, "background": self.background}
        parts = {name: part.run for name, part in works.items() if part is not None}
        tasks = [asyncio.create_task(self.keeping.run(name, run)) for name, run in parts.items()]
        try:
            yield
        finally:
            if self.predictor.prefetch is not None:
                await self.predictor.prefetch.close()
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception):  # which must not keep the store open
                    log.warning("work in the background ended: %s", ended)
            self._close()

    def _close(self) -> None:
        if self.background is not None:
            self.background.close()
        if self.hooks is not None:
            self.hooks.spool.close()
            self.hooks.intake.store.close()


def open_label_studio(shared: Services) -> LabelStudio:
    """Everything for Label Studio; a project that is not there is made. BadInput when it cannot be opened."""
    settings = shared.settings
    kept = None if settings.project is None else KeptSetups(settings.project / "label-studio" / "connections.json")
    hosts = image_hosts(settings.image_hosts)
    connections = Connections(settings.label_studio_url, settings.label_studio_token, hosts, kept)
    embeddings = TaskEmbeddings(shared.worker, settings.max_image_bytes)
    issued, prefetch = Issued(), Prefetch(embeddings, shared.worker) if settings.prefetch else None
    if settings.project is None:
        prelabeller = Prelabeller(embeddings, issued)
        predictor = Predictor(embeddings, connections, issued, Vocabulary(), prelabeller, prefetch=prefetch)
        return LabelStudio(connections, predictor, None, None)
    fresh = not (settings.project / "project.toml").exists()
    project = Project.create(settings.project) if fresh else Project.open(settings.project)
    words, folder = project.vocabulary(), project.folder / "label-studio"
    spool = Spool(folder / "webhooks.sqlite", settings.max_webhook_bytes)
    intake = Intake(project.store, project.folder, words, connections, issued, spool, settings.max_image_bytes)
    hooks = Hooks(spool, intake)
    order = TaskOrder(project.order)
    prelabeller = Prelabeller(embeddings, issued, project.config.min_score, project.config.min_certainty, order)
    batches = Batches(prelabeller, PrelabelQueue(folder / "prelabelling.sqlite"))
    predictor = Predictor(embeddings, connections, issued, words, prelabeller, batches, prefetch)
    retraining = Retraining(project.folder)
    keeping = KeepingOn()
    reconciler = Reconciler(hooks, Reconciled(folder / "reconciled.sqlite"))
    background = Background(
        hooks,
        Prelabelling(batches, connections, shared.worker, words),
        Reconciling(reconciler, connections),
        background_lock(project.folder),
        keeping,
    )
    looping = Looping(Loop(project, settings.retrain_after))
    return LabelStudio(connections, predictor, hooks, retraining, looping, background, keeping)


def label_studio(request: Request) -> LabelStudio:
    """The service of the application that a request came to."""
    found: LabelStudio = request.app.state.label_studio
    return found
