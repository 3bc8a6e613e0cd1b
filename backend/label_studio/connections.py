"""Where Label Studio is and which token opens its images, as ``/setup`` says it per project."""

from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Lock

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.kept_setups import KeptSetups, Setup


@dataclass(frozen=True)
class Connection:
    """``origin``: scheme, host and port, with the path that Label Studio lives under. ``token``: sent there only.
    ``image_hosts``: what else images may come from, HOST or HOST:PORT."""

    origin: str
    token: str | None = field(default=None, repr=False)
    image_hosts: tuple[str, ...] = ()


class Connections:
    """Connections by project. A host that is not this machine must be named by the operator, not by a request."""

    def __init__(
        self, url: str | None, token: str | None, image_hosts: tuple[str, ...] = (), kept: KeptSetups | None = None
    ) -> None:
        """``url``, ``token``: what the operator gave; they win over what ``/setup`` says. ``kept``: where that is kept.

        BadInput for a token without an address: it would go to whatever host ``/setup`` names.
        """
        if token and url is None:
            raise BadInput("a token of Label Studio goes to its own host only: give that too, as --label-studio-url")
        self._given = None if url is None else origin_of(url)
        self._image_hosts = image_hosts
        self._token, self._kept, self._lock = token, kept, Lock()
        self._by_project: dict[str, Connection] = {}

    def remember(self, project: str, hostname: str, token: str | None) -> None:
        """What ``/setup`` said of a project, by its ``project_uid``.

        BadInput when it names another machine than the operator allowed.
        """
        made = self._connection(Setup(hostname, token))
        with self._lock:
            self._by_project[project] = made
            if self._kept is not None:
                self._kept.put(project, Setup(made.origin, None if self._token else made.token))

    def projects(self) -> list[str]:
        """Those that called ``/setup``, also before a restart."""
        with self._lock:
            self._look()
            return list(self._by_project)

    def of(self, project: str) -> Connection:
        """The connection of a project; TryLater before its first ``/setup`` when the operator named no host.

        ``project``: its ``project_uid``; its id alone is enough as long as no two Label Studios have one of that id.
        """
        with self._lock:
            self._look()
            found = self._by_project.get(project)
            alike = {self._by_project[uid] for uid in self._by_project if project_id(uid) == project_id(project)}
        if found is not None:
            return found
        if "." not in project and len(alike) == 1:
            return alike.pop()
        if self._given is None:
            raise TryLater("Label Studio has not called /setup for this project yet: open its data manager once")
        return Connection(self._given, self._token, self._image_hosts)

    def _connection(self, said: Setup) -> Connection:
        origin = self._given or origin_of(said.hostname)
        if self._given is None and not is_this_machine(origin):
            raise BadInput(f"start the server with --label-studio-url {origin} to let it fetch images from there")
        return Connection(origin, self._token or said.token or None, self._image_hosts)

    def _look(self) -> None:
        """At what is kept; the rules of this start decide what of it counts, and no token goes to another host."""
        for project, said in ({} if self._kept is None else self._kept.news()).items():
            with suppress(BadInput):
                made = self._connection(said)
                if made.origin == said.hostname:
                    self._by_project[project] = made


def project_uid(value: object) -> str:
    """The ``1.1795219092`` that Label Studio sends: projects of two Label Studios differ in it."""
    return str(value if value is not None else "")[:64]


def project_id(value: object) -> str:
    """``1`` of the ``1.1795219092`` (project, time of its creation) that Label Studio sends."""
    return str(value if value is not None else "").partition(".")[0][:64]


def origin_of(url: str) -> str:
    """The address of Label Studio without a slash at its end; BadInput when it is none."""
    try:
        parsed = httpx.URL(url.strip().rstrip("/"))
    except (httpx.InvalidURL, TypeError, AttributeError) as error:
        raise BadInput(f"{str(url)[:200]!r} is not the address of Label Studio") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.query or parsed.fragment:
        raise BadInput(f"the address of Label Studio is http://host:port, not {str(url)[:200]!r}")
    return str(parsed)


def is_this_machine(origin: str) -> bool:
    """Whether an address names the loopback."""
    host = httpx.URL(origin).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
