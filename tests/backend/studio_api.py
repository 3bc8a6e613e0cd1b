"""Label Studio's API as 1.23.2 answers it, for tests: tasks, predictions and annotations in memory."""

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

NO_SUCH_TASK = {
    "status_code": 400, "version": "1.23.2", "detail": "Validation error",
    "validation_errors": {"task": ["Select a valid choice. That choice is not one of the available choices."]},
}  # fmt: skip


def _behind(asked: dict[str, Any]) -> int:
    """The id that a query of the data manager asks for larger ones than."""
    assert asked["ordering"] == ["tasks:id"]
    (item,) = asked["filters"]["items"]
    assert (item["filter"], item["operator"], item["type"]) == ("filter:tasks:id", "greater", "Number")
    return int(item["value"])


class StudioApi:
    """Call it with method, path, body and authorization: (status, answer). ``down``: the status of every answer."""

    def __init__(self, authorization: str) -> None:
        self.authorization, self.down = authorization, 0
        self.tasks: dict[int, dict[str, Any]] = {}
        self.predictions: list[dict[str, Any]] = []
        self.annotations: dict[int, dict[str, Any]] = {}
        self.project: dict[str, Any] = {"id": 1, "created_at": "2026-11-20T23:58:12.134456Z", "label_config": ""}
        self.asked: list[tuple[str, str]] = []
        self.stored: Callable[[], None] = lambda: None
        """Called between storing what was posted and saying so."""
        self.lock, self._ids = threading.Lock(), itertools.count(1)

    def add_task(self, image: str, project: int = 1) -> dict[str, Any]:
        """The task as it comes in a batch."""
        id = len(self.tasks) + 1
        task = {"id": id, "data": {"image": image}, "project": project, "annotations": [], "predictions": []}
        self.tasks[id] = task
        return dict(task)

    def store_answer(self, tasks: list[dict[str, Any]], results: list[Any]) -> None:
        """What Label Studio does with the answer to a batch: it matches by place, a list is several or none."""
        assert len(tasks) == len(results)
        for task, result in zip(tasks, results, strict=True):
            for prediction in [result] if isinstance(result, dict) else result:
                self._store({**prediction, "task": task["id"], "project": task["project"]})

    def annotate(self, annotation: dict[str, Any], data: dict[str, Any], label_config: str) -> None:
        """Write an annotation, its task with it, as Label Studio does when somebody submits."""
        task = self.tasks.setdefault(annotation["task"], {"id": annotation["task"], "data": data, "project": 1})
        self.annotations[annotation["id"]] = annotation
        self.project["label_config"], task["updated_at"] = label_config, annotation["updated_at"]

    def versions(self) -> dict[int, list[str]]:
        """Of the predictions of each task; asserts that none is empty."""
        with self.lock:
            assert all(row["result"] for row in self.predictions)
            return {id: [row["model_version"] for row in self.predictions if row["task"] == id] for id in self.tasks}

    def __call__(self, method: str, path: str, body: Any, authorization: str | None) -> tuple[int, Any]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self.lock:
            self.asked.append((method, path))
        if self.down:
            return self.down, {"detail": "down"}
        if authorization != self.authorization:
            return 401, {"detail": "Invalid token."}
        if parts.path == "/api/predictions/":
            return self._predictions(method, query, body)
        found = self._read(parts.path.strip("/").split("/")[1:], query)
        return (404, {"detail": "Not found."}) if found is None else (200, found)

    def _read(self, steps: list[str], query: dict[str, str]) -> Any:
        match steps:
            case ["projects", "1"]:
                return self.project
            case ["tasks"]:
                assert (query["project"], query["fields"], query["resolve_uri"]) == ("1", "all", "false")
                number, size = int(query["page"]), int(query["page_size"])
                ids = self._asked_for(json.loads(query.get("query", "null")))
                rows = [self._listed(self.tasks[id], query["include"].split(",")) for id in ids]
                return {"total": len(rows), "tasks": rows[(number - 1) * size : number * size]}
            case ["tasks", id, "annotations"]:
                return [row for row in self._of(int(id)) if not row["was_cancelled"]]
            case ["annotations", id]:
                return self.annotations.get(int(id))
        return None

    def _asked_for(self, asked: dict[str, Any] | None) -> list[int]:
        """Ids of tasks, as a query of the data manager filters and orders them."""
        if asked is None or asked["ordering"] != ["tasks:predictions_score"]:
            return [id for id in sorted(self.tasks) if asked is None or id > _behind(asked)]
        (item,) = asked["filters"]["items"]
        assert (item["filter"], item["operator"], item["value"]) == ("filter:tasks:total_annotations", "equal", 0)
        scores = {id: [row["score"] for row in self.predictions if row["task"] == id] for id in self.tasks}
        free = [id for id in self.tasks if not self._of(id)]
        return sorted(free, key=lambda id: (not scores[id], sum(scores[id]) / max(1, len(scores[id])), id))

    def _of(self, task: int) -> list[dict[str, Any]]:
        return [row for row in self.annotations.values() if row["task"] == task]

    def _listed(self, task: dict[str, Any], names: list[str]) -> dict[str, Any]:
        ids = ",".join(str(row["id"]) for row in self._of(task["id"]))
        return {name: ({**task, "annotations_ids": ids[:500]})[name] for name in names}

    def _predictions(self, method: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        id = int(query["task"] if method == "GET" else body["task"])
        if id not in self.tasks:
            return 400, NO_SUCH_TASK
        if method == "GET":
            with self.lock:
                return 200, [row for row in self.predictions if row["task"] == id]
        assert body["project"] == self.tasks[id]["project"]
        row = self._store(body)
        self.stored()
        return 201, row

    def _store(self, row: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.predictions.append({"id": next(self._ids), **row})
            return self.predictions[-1]
