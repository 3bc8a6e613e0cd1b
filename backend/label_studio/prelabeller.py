"""Everything in a task's image as one prediction: the masks that reach the thresholds of their label, as a tree."""

from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from semsam_annotate.api import BadInput, CancelToken, Embedding, Engine, Proposal
from semsam_annotate.backend.label_studio.config import LabelConfig
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.embeddings import TaskEmbeddings
from semsam_annotate.backend.label_studio.image_address import of_task
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.regions import certainty, label_of, prediction, tree_candidates
from semsam_annotate.backend.label_studio.task_order import TaskOrder

MAX_REGIONS = 60
"""Regions of one prediction: every click afterwards carries all of them, and pills for more help nobody."""


@dataclass(frozen=True)
class Prelabeller:
    """``min_score``, ``min_certainty``: of masks and their names, 0..1, where the labelling config says none.
    ``order``: which tasks are the most useful to label.
    """

    embeddings: TaskEmbeddings
    issued: Issued
    min_score: float = 0.0
    min_certainty: float = 0.0
    order: TaskOrder = field(default_factory=TaskOrder)

    async def prediction(
        self, address: str, config: LabelConfig, connection: Connection, cancel: CancelToken | None = None
    ) -> dict[str, Any] | None:
        """What Label Studio stores, None when nothing was found: it shows an empty one as a tab of "0.00 %".

        BadInput when the image cannot be had, TryLater when it may be later, Cancelled by ``cancel``.
        """
        vocabulary = config.vocabulary()

        def call(engine: Engine, embedding: Embedding) -> dict[str, Any] | None:
            tree = engine.auto(embedding, vocabulary, cancel=cancel)
            candidates = tree_candidates(tree, MAX_REGIONS, lambda mask: self._reaches(mask, config))
            if not candidates:
                return None
            if cancel is None:  # whoever asked is about to look at it; what waited in the background may never be
                self.issued.put(candidates, None, None)
            told = prediction(candidates, config, engine.info.version)
            sure = [
                mask.score * certainty(mask, label_of(mask, config)) for mask in (one.proposal for one in candidates)
            ]
            return {**told, "score": sum(sure) / len(sure)}

        found: dict[str, Any] | None = await self.embeddings.ask(address, connection, call, cancel, takes_long=True)
        if found is None:
            return None
        image = self.embeddings.sha256(address, connection) or ""
        return {**found, "score": await run_in_threadpool(self.order.score, image, found["score"])}

    def _reaches(self, mask: Proposal, config: LabelConfig) -> bool:
        """A region of the brush needs one of its labels, so a mask without a sure name is not sent at all."""
        label = label_of(mask, config)
        score = self.min_score if label.score is None else label.score
        sure = self.min_certainty if label.certainty is None else label.certainty
        return mask.score >= score and certainty(mask, label) >= sure


def address_of(task: dict[str, Any], config: LabelConfig) -> str:
    """The image address in a task's data, under the key that the config's Image names."""
    data = task.get("data")
    address = data.get(config.image_key) if isinstance(data, dict) else None
    if not isinstance(address, str) or not address:
        raise BadInput(f'the task has no image under "{config.image_key}"')
    return of_task(address, task.get("id"))
