"""Label Studio's predictions API."""

from typing import Any

from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.connections import project_id


def stored_versions(api: LabelStudioApi, task: int) -> set[str]:
    """The model versions that a task has predictions of; Refused (400) when there is no such task."""
    return {str(row.get("model_version")) for row in api.get("/api/predictions/", {"task": task})}


def store(api: LabelStudioApi, project: str, task: int, prediction: dict[str, Any]) -> None:
    """Add a prediction as an answer to a batch would: ``result``, ``score``, ``model_version``.

    ``project``: its ``project_uid``.
    """
    api.post("/api/predictions/", {**prediction, "task": task, "project": int(project_id(project))})
