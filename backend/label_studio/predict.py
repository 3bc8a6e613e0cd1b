"""Answers to ``/predict``: a ladder for a click, everything in the image for a batch."""

import time
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api import BadInput, Embedding, Engine, Vocabulary
from semsam_annotate.backend.label_studio.batch import NOTHING, Asked, Batches
from semsam_annotate.backend.label_studio.config import LabelConfig, parse_config
from semsam_annotate.backend.label_studio.connections import Connection, Connections, project_id, project_uid
from semsam_annotate.backend.label_studio.context import Click, parse_context
from semsam_annotate.backend.label_studio.embeddings import TaskEmbeddings
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.issued import Issued
from semsam_annotate.backend.label_studio.prefetching import Place, Prefetch
from semsam_annotate.backend.label_studio.prelabeller import Prelabeller, address_of
from semsam_annotate.backend.label_studio.regions import ladder_candidates, prediction

MAX_TASKS = 10_000
BATCH_SECONDS = 60.0
"""Label Studio gives a batch 100 s and drops it whole after that."""


@dataclass(frozen=True)
class Predictor:
    """What ``/predict`` needs. ``words``: the project's vocabulary; ``batches``: None without a folder for them.

    ``prefetch``: prepares the task after the one that somebody opened.
    """

    embeddings: TaskEmbeddings
    connections: Connections
    issued: Issued
    words: Vocabulary
    prelabeller: Prelabeller
    batches: Batches | None = None
    prefetch: Prefetch | None = None

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
            asked = None if self.batches is None else _asked(body, tasks, config, self.connections)
            results = await self._batch(tasks, config, connection, asked)
        else:
            results = [await self._click(tasks[0], config, connection, parse_context(context))]
        self._opened(project_uid(body.get("project")), tasks, config, connection)
        return {"results": results}

    def _opened(self, project: str, tasks: list[dict[str, Any]], config: LabelConfig, connection: Connection) -> None:
        """One task alone is one that somebody looks at."""
        if self.prefetch is not None and len(tasks) == 1 and isinstance(tasks[0].get("id"), int):
            self.prefetch.after(Place(project, tasks[0]["id"], config, connection))

    def _connection(self, body: dict[str, Any], tasks: list[dict[str, Any]], config: LabelConfig) -> Connection:
        """Of the project; none is needed when every image is in the tasks themselves."""
        if all(_address(task, config).startswith("data:") for task in tasks):
            return Connection("http://localhost")
        return self.connections.of(project_uid(body.get("project")))

    async def _click(
        self, task: dict[str, Any], config: LabelConfig, connection: Connection, click: Click | None
    ) -> dict[str, Any]:
        address = address_of(task, config)
        if click is None:  # "prewarm" encodes ahead of the first click, "capabilities" costs as little
            version = await self.embeddings.ask(address, connection, lambda engine, _: engine.info.version)
            return prediction([], config, version)
        vocabulary, here = config.vocabulary(), click.on_image(config)

        def call(engine: Engine, embedding: Embedding) -> dict[str, Any]:
            prompt = here.prompt(*embedding.size)
            ladder = engine.propose(embedding, prompt, vocabulary)
            candidates = ladder_candidates(ladder, config)
            told = prediction(candidates, config, engine.info.version, here.label)
            self.issued.put(candidates, ladder, prompt)
            return told

        answer: dict[str, Any] = await self.embeddings.ask(address, connection, call)
        return answer

    async def _batch(
        self, tasks: list[dict[str, Any]], config: LabelConfig, connection: Connection, asked: Asked | None
    ) -> list[Any]:
        """One prediction per task, ``NOTHING`` for those without; where Label Studio's API is known, within seconds."""
        if asked is None or self.batches is None:
            return await self._at_once(tasks, config, connection)
        found = await self.batches.answer(asked)
        return [found.pop(task["id"], NOTHING) for task in tasks]  # a task that stands there twice gets it once

    async def _at_once(self, tasks: list[dict[str, Any]], config: LabelConfig, connection: Connection) -> list[Any]:
        """All of them or, when time runs out, the first alone: then Label Studio asks one by one."""
        deadline = time.monotonic() + BATCH_SECONDS
        results: list[Any] = []
        for task in tasks:
            if results and time.monotonic() > deadline:
                return results[:1]
            try:
                found = await self.prelabeller.prediction(address_of(task, config), config, connection)
                results.append(NOTHING if found is None else found)
            except BadInput:
                if len(tasks) == 1:
                    raise
                results.append(NOTHING)
        return results


def _asked(
    body: dict[str, Any], tasks: list[dict[str, Any]], config: LabelConfig, connections: Connections
) -> Asked | None:
    """None when what remains could not be written later: Label Studio's address, its token or the ids are unknown."""
    project = project_uid(body.get("project"))
    try:
        connection = connections.of(project)
    except TryLater:
        return None
    ids = [task.get("id") for task in tasks]
    known = project_id(project).isdecimal() and all(isinstance(id, int) and 0 <= id < 2**63 for id in ids)
    if connection.token is None or not known:
        return None
    addresses = {task["id"]: _address(task, config) for task in tasks}
    return Asked(project, str(body.get("label_config")), config, addresses, connection)


def _address(task: dict[str, Any], config: LabelConfig) -> str:
    """ "" where a task has no image: it is said when it is that task's turn, and costs the others nothing."""
    try:
        return address_of(task, config)
    except BadInput:
        return ""
