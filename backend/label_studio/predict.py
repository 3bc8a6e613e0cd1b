"""Answers to ``/predict``: a ladder for a click, everything in the image for a batch."""

import time
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api import BadInput, Embedding, Engine, Vocabulary
from semsam_annotate.backend.label_studio.config import LabelConfig, parse_config
from semsam_annotate.backend.label_studio.connections import Connection, Connections, project_id
from semsam_annotate.backend.label_studio.context import Click, parse_context
from semsam_annotate.backend.label_studio.embeddings import TaskEmbeddings
from semsam_annotate.backend.label_studio.image_address import of_task
from semsam_annotate.backend.label_studio.issued import Issued, kept
from semsam_annotate.backend.label_studio.regions import ladder_candidates, prediction, tree_candidates

MAX_TASKS = 10_000
MAX_REGIONS = 60
"""Regions of one batch prediction: every click afterwards carries all of them, and pills for more help nobody."""
BATCH_SECONDS = 60.0
"""Label Studio gives a batch 100 s and drops it whole after that."""


@dataclass(frozen=True)
class Predictor:
    """What ``/predict`` needs; ``words``: the project's vocabulary."""

    embeddings: TaskEmbeddings
    connections: Connections
    issued: Issued
    words: Vocabulary

    async def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request; BadInput when it cannot be understood or its image cannot be had."""
        tasks = body.get("tasks")
        if (
            not isinstance(tasks, list)
            or not 1 <= len(tasks) <= MAX_TASKS
            or not all(isinstance(t, dict) for t in tasks)
        ):
            raise BadInput(f'"tasks" is a list of 1 to {MAX_TASKS} tasks')
        config = parse_config(body.get("label_config") or "", self.words)
        config.brush()
        connection = self._connection(body, tasks, config)
        parameters = body.get("params") if isinstance(body.get("params"), dict) else {}
        context = parameters.get("context") if isinstance(parameters, dict) else None
        if context is None:
            return {"results": await self._batch(tasks, config, connection)}
        return {"results": [await self._click(tasks[0], config, connection, parse_context(context))]}

    def _connection(self, body: dict[str, Any], tasks: list[dict[str, Any]], config: LabelConfig) -> Connection:
        """Of the project; none is needed when every image is in the tasks themselves."""
        if all(str(address_of(task, config)).startswith("data:") for task in tasks):
            return Connection("http://localhost")
        return self.connections.of(project_id(body.get("project")))

    async def _click(
        self, task: dict[str, Any], config: LabelConfig, connection: Connection, click: Click | None
    ) -> dict[str, Any]:
        address = address_of(task, config)
        if click is None:  # "prewarm" encodes ahead of the first click, "capabilities" costs as little
            version = await self.embeddings.ask(address, connection, lambda engine, _: engine.info.version)
            return prediction([], config, version)
        vocabulary = config.vocabulary()

        def call(engine: Engine, embedding: Embedding) -> dict[str, Any]:
            prompt = click.prompt(*embedding.size)
            ladder = engine.propose(embedding, prompt, vocabulary)
            candidates = ladder_candidates(ladder, config)
            self.issued.put(kept(candidates, ladder, prompt))
            return prediction(candidates, config, engine.info.version, click.label)

        answer: dict[str, Any] = await self.embeddings.ask(address, connection, call)
        return answer

    async def _batch(
        self, tasks: list[dict[str, Any]], config: LabelConfig, connection: Connection
    ) -> list[dict[str, Any]]:
        """One prediction per task or, when time runs out, the first alone: then Label Studio asks one by one.

        A task whose image cannot be had gets an empty prediction of version "no image", so that it is asked for again
        and does not cost the others theirs.
        """
        deadline = time.monotonic() + BATCH_SECONDS
        results: list[dict[str, Any]] = []
        for task in tasks:
            if results and time.monotonic() > deadline:
                return results[:1]
            try:
                results.append(await self._everything(task, config, connection))
            except BadInput as error:
                if len(tasks) == 1:
                    raise
                results.append({"result": [], "score": 0.0, "model_version": f"no image: {str(error)[:80]}"})
        return results

    async def _everything(self, task: dict[str, Any], config: LabelConfig, connection: Connection) -> dict[str, Any]:
        vocabulary = config.vocabulary()

        def call(engine: Engine, embedding: Embedding) -> dict[str, Any]:
            candidates = tree_candidates(engine.auto(embedding, vocabulary), MAX_REGIONS)
            self.issued.put(kept(candidates, None, None))
            return prediction(candidates, config, engine.info.version)

        answer: dict[str, Any] = await self.embeddings.ask(address_of(task, config), connection, call)
        return answer


def address_of(task: dict[str, Any], config: LabelConfig) -> str:
    """The image address in a task's data, under the key that the config's Image names."""
    data = task.get("data")
    address = data.get(config.image_key) if isinstance(data, dict) else None
    if not isinstance(address, str) or not address:
        raise BadInput(f'the task has no image under "{config.image_key}"')
    return of_task(address, task.get("id"))
