"""What ``/setup`` said, by project, in a file that its owner alone reads: what waits goes on after a restart."""

import json
import logging
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically

log = logging.getLogger("semsam.backend.files")
MOST = 1000
"""Projects that are kept, those that called last."""


@dataclass(frozen=True)
class Setup:
    """``hostname``: where Label Studio is. ``token``: None where the operator gave one, which is not written down."""

    hostname: str
    token: str | None = field(default=None, repr=False)


class KeptSetups:
    """A small JSON file. A damaged one is set aside: Label Studio calls again when a data manager is opened.

    Several servers may keep theirs in it; each sees what the others wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._seen = path, 0

    def news(self) -> dict[str, Setup]:
        """Everything, if it was written since the last call, else nothing."""
        try:
            stamp = self._path.stat().st_mtime_ns
        except OSError:
            return {}
        if stamp == self._seen:
            return {}
        self._seen = stamp
        return self._read()

    def put(self, project: str, setup: Setup) -> None:
        """Keep one; where the disk refuses it is known until the next restart only."""
        known = self._read()
        if known.get(project) == setup:
            return
        known.pop(project, None)
        rows = [*known.items(), (project, setup)][-MOST:]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            body = json.dumps({uid: asdict(told) for uid, told in rows}, indent=1)
            write_atomically(self._path, body.encode("utf-8"), 0o600)
        except OSError as error:
            log.warning("what /setup said of project %s is lost with the next restart: %s", project, error)

    def _read(self) -> dict[str, Setup]:
        try:
            plain = json.loads(self._path.read_bytes())
            return {str(uid): _setup(told) for uid, told in plain.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            aside = self._path.with_name(f"{self._path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
            log.warning("%s is damaged (%s) and set aside as %s", self._path, type(error).__name__, aside.name)
            with suppress(OSError):
                self._path.rename(aside)
            return {}


def _setup(told: Any) -> Setup:
    hostname, token = told["hostname"], told.get("token")
    if not isinstance(hostname, str) or not isinstance(token, str | None):
        raise TypeError("a hostname and a token are texts")
    return Setup(hostname, token)
