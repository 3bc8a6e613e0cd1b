"""The whole examination, in the order in which things are mended."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin.check import Check
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.admin.examine_project import SETUP, ProjectExam
from semsam_annotate.backend.label_studio.admin.examine_server import Server
from semsam_annotate.backend.label_studio.admin.examine_studio import examine_studio
from semsam_annotate.backend.label_studio.admin.setting_up import projects_called
from semsam_annotate.backend.label_studio.connections import Connection


@dataclass(frozen=True)
class Subject:
    """What is looked at. ``backend``: our address with the secret in its path; ``basic``: user and password there;
    ``project``: id in Label Studio, None takes the one called ``title``. ``image_hosts``: that images may come from."""

    api: LabelStudioApi
    token: str = field(repr=False)
    backend: str = field(repr=False)
    basic: tuple[str, str] = field(repr=False)
    title: str
    project: int | None = None
    image_hosts: tuple[str, ...] = ()


def examine(subject: Subject, words: Vocabulary) -> Iterator[Check]:
    """Every check as soon as it is made; ``words``: our project's vocabulary. Never raises ``BadInput``."""
    server = Server(subject.backend, subject.basic)
    yield from server.examine()
    for check in examine_studio(subject.api, subject.backend):
        yield check
        if check.name in ("address", "token") and check.state == "blocks":
            return
    row, missing = _project(subject)
    if row is None:
        yield Check("project", "blocks", missing, SETUP)
    else:
        connection = Connection(subject.api.origin, subject.token, subject.image_hosts)
        yield from ProjectExam(subject.api, row, subject.backend, connection, words, server.capabilities).examine()


def _project(subject: Subject) -> tuple[dict[str, Any] | None, str]:
    """The project, or why there is none."""
    try:
        if subject.project is not None:
            return subject.api.get(f"/api/projects/{subject.project}/"), ""
        found = projects_called(subject.api, subject.title)
    except BadInput as error:
        return None, str(error)
    if len(found) > 1:
        return None, f"several projects are called {subject.title!r}: choose with --ls-project"
    return (found[0], "") if found else (None, f"Label Studio has no project called {subject.title!r}")
