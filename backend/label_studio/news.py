"""What a webhook about annotations says, checked before it is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from semsam_annotate.api import BadInput

WRITTEN = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED")
DELETED = ("ANNOTATIONS_DELETED", "ANNOTATION_DELETED")


@dataclass(frozen=True)
class Written:
    """An annotation as it is now. ``version``: time of its last change, which sorts as text; "0" when it is not told.

    ``project``: by what its records are kept; ``uid``: the project as ``/setup`` names it.
    """

    project: str
    id: str
    version: str
    result: Any
    cancelled: bool
    author: str | None
    seconds: float | None
    data: dict[str, Any]
    config: str
    task: int | None = None
    uid: str = ""
    created: str = ""


@dataclass(frozen=True)
class Deleted:
    """An annotation that is gone."""

    project: str
    id: str
    uid: str = ""


def read_news(body: dict[str, Any]) -> list[Written | Deleted]:
    """The changes that a webhook tells; empty for one that is not about annotations. BadInput for a damaged one."""
    action = body.get("action")
    if action not in (*WRITTEN, *DELETED):
        return []
    project = _object(body, "project")
    if action in DELETED:
        given = body.get("annotations") or [_object(body, "annotation")]
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise BadInput('"annotations" is a list of {"id": …}')
        return [Deleted(_id(project), _id(item), uid_of(project)) for item in given]
    given = body.get("annotations", body.get("annotation"))
    listed = given if isinstance(given, list) else [given]
    annotations = [item for item in listed if isinstance(item, dict)]
    if len(annotations) != len(listed):
        raise BadInput('"annotation" is an annotation, or a list of them')
    return [_written(item, project, _task(body, item)) for item in annotations]


def _task(body: dict[str, Any], annotation: dict[str, Any]) -> dict[str, Any]:
    """The task of an annotation: the only one, or the one of its id."""
    if isinstance(body.get("task"), dict):
        return dict(body["task"])
    lists = [body.get("task"), body.get("tasks")]  # of several annotations Label Studio tells the list as "task"
    found = [task for tasks in lists if isinstance(tasks, list) for task in tasks if isinstance(task, dict)]
    return next((task for task in found if task.get("id") == annotation.get("task")), {})


def _sortable(time: str) -> str:
    """In UTC with its fraction, so that times sort as text; BadInput for no time.

    Django leaves a fraction of zero out, and tells times by the clock of its server's settings.
    """
    try:
        read = datetime.fromisoformat(time)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError) as error:
        raise BadInput(f"the time of an annotation is ISO 8601, not {time!r}") from error


def _written(annotation: dict[str, Any], project: dict[str, Any], task: dict[str, Any]) -> Written:
    data, seconds = task.get("data"), annotation.get("lead_time")
    author, told = annotation.get("completed_by"), annotation.get("updated_at") or annotation.get("created_at")
    return Written(
        project=_id(project),
        id=_id(annotation),
        version=_sortable(str(told)[:64]) if told else "0",
        result=annotation.get("result"),
        cancelled=annotation.get("was_cancelled") is True,
        author=f"label-studio user {author}" if isinstance(author, int) else None,
        seconds=float(seconds) if isinstance(seconds, (int, float)) and 0 <= seconds < 1e7 else None,
        data=data if isinstance(data, dict) else {},
        config=str(project.get("label_config") or ""),
        uid=uid_of(project),
        task=task.get("id") if isinstance(task.get("id"), int) else None,
        created=str(annotation.get("created_at") or "")[:64],
    )


def uid_of(project: dict[str, Any]) -> str:
    """Id and second of creation, as Label Studio makes it for ``/setup``; the id alone when that is not told."""
    try:
        made = datetime.fromisoformat(str(project.get("created_at"))).timestamp()
    except (ValueError, OverflowError):
        return _id(project)
    return f"{_id(project)}.{int(made)}"


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise BadInput(f'the webhook has no "{name}"')
    return value


def _id(value: dict[str, Any]) -> str:
    """Ids are numbers; as text they take part in the source of records."""
    found = value.get("id")
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 2**63:
        raise BadInput(f"an id is a number, not {str(found)[:40]!r}")
    return str(found)
