"""Where exported tasks come from: Label Studio itself, or a JSON file that somebody exported."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.admin.exported import checked_tasks, config_of
from semsam_annotate.backend.label_studio.config import LabelConfig, parse_config
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.fetch import fetch_image

MAX_BYTES = 500_000_000
"""Of one image."""


@dataclass(frozen=True)
class Taken:
    """Tasks with their annotations, and how to have an image by its address in them."""

    tasks: Any
    config: LabelConfig
    fetch: Callable[[str], bytes]


def from_label_studio(
    url: str, token: str, project: int | None, words: Vocabulary, hosts: tuple[str, ...] = ()
) -> Taken:
    """The submitted tasks of a project; ``words``: what tells objects from parts where its config does not.

    ``hosts``: that images may come from beside Label Studio, as ``image_hosts`` gives them.
    """
    if project is None:
        raise BadInput("say which project to export: --ls-project ID, the number in its address")
    with LabelStudioApi(url, token) as api:
        row = api.get(f"/api/projects/{project}/")
        tasks = api.get(f"/api/projects/{project}/export", {"exportType": "JSON"}, seconds=600)
        connection = Connection(api.origin, token, hosts)
    return Taken(tasks, parse_config(str(row.get("label_config") or ""), words), _fetcher(connection))


def from_file(path: Path, config: Path | None, words: Vocabulary) -> Taken:
    """A JSON export; without its ``config`` the labels that were used speak for themselves."""
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
        text = None if config is None else config.read_text(encoding="utf-8")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no JSON export of Label Studio: {error}") from error
    read = config_of(checked_tasks(tasks), words) if text is None else parse_config(text, words)

    def nowhere(address: str) -> bytes:
        if address.startswith("data:"):
            return _fetcher(Connection("http://localhost"))(address)
        raise BadInput("--images needs --url: a file does not say where its images are")

    return Taken(tasks, read, nowhere)


def _fetcher(connection: Connection) -> Callable[[str], bytes]:
    return lambda address: asyncio.run(fetch_image(address, connection, MAX_BYTES))
