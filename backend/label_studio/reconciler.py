"""Label Studio's annotations compared with what was applied: what webhooks missed is kept like a webhook.

So it is applied by the same rules: each version once, nothing undoes what is newer, nothing brings back what is gone.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations.upkeep.trail import last_restoring
from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.admin.client import PAGE, LabelStudioApi, Refused
from semsam_annotate.backend.label_studio.connections import project_id
from semsam_annotate.backend.label_studio.hooks import Hooks
from semsam_annotate.backend.label_studio.news import Written, read_news, uid_of
from semsam_annotate.backend.label_studio.reconciled import Reconciled
from semsam_annotate.backend.label_studio.versions import GONE, follows

_LISTED = 500
"""Characters after which Label Studio cuts its list of a task's annotations."""


@dataclass
class Missed:
    """How many annotations were created, updated and deleted that no webhook told of; ``tasks``: compared ones."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    tasks: int = 0

    def line(self) -> str:
        """In words."""
        told = f"{self.created} created, {self.updated} updated, {self.deleted} deleted"
        return f"{told} that no webhook told of ({self.tasks} tasks compared)"


@dataclass(frozen=True)
class Reconciler:
    """Puts what was missed into the spool of ``hooks``."""

    hooks: Hooks
    reconciled: Reconciled

    def notice_restoring(self) -> None:
        """Forget what was applied and compared when the store was restored since: it has less now, or more."""
        spool, restored = self.hooks.spool, last_restoring(self.hooks.intake.store.engine)
        if spool.restored() != restored:
            self.reconciled.begin_anew()
            spool.begin_anew(restored)

    async def project(self, api: LabelStudioApi, project: str) -> Missed:
        """Compare one project, by its id or uid; what it misses is on disk when this returns, and applied soon after.

        BadInput when Label Studio cannot be asked, or when it is another one.
        """
        number = project_id(project)
        row = await run_in_threadpool(api.get, f"/api/projects/{number}/")
        told = {"id": int(number), "label_config": row.get("label_config"), "created_at": row.get("created_at")}
        if project not in (number, uid_of(told)):
            raise BadInput(f"project {number} there is not the one that annotations came from: another Label Studio?")
        name = await run_in_threadpool(self.hooks.spool.name, number, uid_of(told))
        await run_in_threadpool(self.reconciled.is_same, name, str(row.get("created_at")))
        known = await run_in_threadpool(self.hooks.spool.versions, name)  # before the list: it may grow meanwhile
        here = await run_in_threadpool(self.hooks.intake.known, name)
        one = _Comparison(api, self.hooks, told, known, here)
        marks = await run_in_threadpool(self.reconciled.marks, name, known)
        async for task in _tasks(api, number):
            listed = str(task.get("annotations_ids") or "")
            one.there.update(re.findall(r"\d+", listed))
            mark = f"{task.get('updated_at')} {listed}"
            if marks.get(task["id"]) != mark:
                waiting = await one.task(task, listed)
                await run_in_threadpool(self.reconciled.mark, name, task["id"], mark, waiting)
        await one.gone()
        self.hooks.wake()
        return one.missed


@dataclass
class _Comparison:
    """``known``: version by annotation that was applied; ``here``: those that the store has masks of; ``there``: ids of
    annotations that tasks list."""

    api: LabelStudioApi
    hooks: Hooks
    project: dict[str, Any]
    known: dict[str, str]
    here: set[str]
    there: set[str] = field(default_factory=set)
    missed: Missed = field(default_factory=Missed)

    async def task(self, task: dict[str, Any], listed: str) -> dict[str, str]:
        """Keep the annotations of a task that are newer than what was applied; their versions by their ids."""
        self.missed.tasks += 1
        ids = set(re.findall(r"\d+", listed if len(listed) < _LISTED else listed.rpartition(",")[0]))
        if not ids:
            return {}
        rows = await run_in_threadpool(self.api.get, f"/api/tasks/{task['id']}/annotations/")
        found = {str(row["id"]): row for row in rows}
        for id in ids - found.keys():  # that list leaves skipped ones out
            row = await self._one(id)
            if row is not None and row.get("task") == task["id"]:
                found[id] = row
        kept = [await self._keep({"id": task["id"], "data": task.get("data")}, row) for row in found.values()]
        return {change.id: change.version for change in kept if change is not None}

    async def gone(self) -> None:
        """Keep a deletion for each that is here and that Label Studio has no more, which it is asked of each."""
        ours = {id for id in self.here | self.known.keys() if not self.known.get(id, "").startswith(GONE)}
        for id in sorted(ours - self.there):
            if await self._one(id) is None:
                body = {"action": "ANNOTATIONS_DELETED", "project": self.project, "annotations": [{"id": int(id)}]}
                self.missed.deleted += await self._put(body, id, GONE)

    async def _one(self, id: str) -> dict[str, Any] | None:
        try:
            row: dict[str, Any] = await run_in_threadpool(self.api.get, f"/api/annotations/{id}/")
            return row
        except Refused as error:
            if error.status != 404:
                raise
            return None

    async def _keep(self, task: dict[str, Any], row: dict[str, Any]) -> Written | None:
        """The change that is not applied yet, if there is one."""
        new = str(row["id"]) not in self.known
        action = "ANNOTATION_CREATED" if new else "ANNOTATION_UPDATED"
        body = {"action": action, "project": self.project, "task": task, "annotation": row}
        (change,) = read_news(body)
        assert isinstance(change, Written)
        if not follows(change, self.known.get(change.id, "")):
            return None
        put = await self._put(body, change.id, change.version)
        self.missed.created, self.missed.updated = (
            self.missed.created + put * new,
            self.missed.updated + put * (not new),
        )
        return change

    async def _put(self, body: dict[str, Any], annotation: str, version: str) -> bool:
        """False when a webhook that waits, or was put aside, has told it already."""
        if await run_in_threadpool(self.hooks.spool.holds, uid_of(self.project), annotation, version):
            return False
        return await run_in_threadpool(self.hooks.keep, body, json.dumps(body).encode())


async def _tasks(api: LabelStudioApi, project: str) -> AsyncIterator[dict[str, Any]]:
    """The tasks of a project without their annotations, which are read of those that changed."""
    query = {
        "project": project,
        "fields": "all",
        "include": "id,updated_at,annotations_ids,data",
        "resolve_uri": "false",
    }
    number, count, total = 1, 0, 1
    while count < total:
        page = {**query, "page": number, "page_size": PAGE}
        answer = await run_in_threadpool(api.get, "/api/tasks", page)
        for task in answer["tasks"]:
            yield task
        number, count, total = number + 1, count + len(answer["tasks"]), int(answer["total"])
        if not answer["tasks"]:
            return
