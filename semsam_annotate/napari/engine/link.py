"""Which engine a session uses: a child process on this machine, or a server."""

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from semsam_annotate.api import BadInput
from semsam_annotate.napari.engine.request import EngineLink
from semsam_annotate.remote import EngineProcess, RemoteEngine


@dataclass(frozen=True)
class EngineChoice:
    """``source``: "default", a checkpoint file, "project:DIR", or "http://host:port", which ``token`` opens."""

    source: str = "default"
    token: str | None = None

    @property
    def on_a_server(self) -> bool:
        """Whether the source is the address of a server."""
        return self.source.startswith(("http://", "https://"))

    def of(self, project: Path) -> "EngineChoice":
        """What "default" means in a project: its promoted model, which is the packaged one until there is one."""
        return replace(self, source=f"project:{project.absolute()}") if self.source == "default" else self

    def link(self) -> EngineLink:
        """The way to that engine; nothing starts yet."""
        if not self.source.strip():
            raise BadInput('an engine is "default", a checkpoint file, or http://host:port')
        return ServerLink(self.source, self.token) if self.on_a_server else EngineProcess(self.source)


def started(link: EngineLink) -> EngineLink:
    """The same link, its engine starting beside what the caller does; a failure comes when the engine is wanted."""

    def start() -> None:
        with suppress(Exception):
            link.engine  # noqa: B018 - starts it

    threading.Thread(target=start, name="semsam-engine-start", daemon=True).start()
    return link


class ServerLink:
    """A server that others run: it is connected to when needed; ending the link leaves the server running."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url, self._token = url, token
        self._engine: RemoteEngine | None = None

    @property
    def engine(self) -> RemoteEngine:
        """The connected engine; EngineUnavailable when nobody answers or the token is wrong."""
        if self._engine is None:
            self._engine = RemoteEngine(self._url, self._token)
        return self._engine

    @property
    def is_running(self) -> bool:
        """Whether it is connected."""
        return self._engine is not None

    def kill(self) -> None:
        """Drop the connection."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
