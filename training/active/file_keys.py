"""What images are called by their pixels, by the state of their files, so that a known file is not decoded again."""

import json
import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api.errors import DAMAGED

State: TypeAlias = tuple[int, int, int]
FRESH = 5_000_000_000
"""Nanoseconds in which a file that was written may be written again with the same times: coarse clocks of old disks."""


def state_of(path: Path) -> State | None:
    """Size and times of a file: change of its content, and of anything about it, which no program can set back.

    None when it is gone, or so new that it could change and look the same.
    """
    try:
        told = os.stat(path)
    except OSError:
        return None
    new = time.time_ns() - max(told.st_mtime_ns, told.st_ctime_ns) < FRESH
    return None if new else (told.st_size, told.st_mtime_ns, told.st_ctime_ns)


class FileKeys:
    """The sha256 of the pixels of files, kept in one file that may be deleted at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def get(self, path: Path) -> str | None:
        """Of a file as it is now; None when it is not known."""
        found = self._known.get(str(path))
        return found[1] if found is not None and found[0] == state_of(path) else None

    def put(self, path: Path, before: State | None, key: str) -> None:
        """Of a file that was read; ``before``: its state when that began."""
        if before is not None and before == state_of(path):
            self._known[str(path)] = before, key

    def save(self, paths: Collection[Path]) -> None:
        """Keep what is known of these; a disk that refuses only costs time later."""
        there = {str(path) for path in paths}
        rows = {path: [*state, key] for path, (state, key) in self._known.items() if path in there}
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(rows).encode())


def _read(path: Path) -> dict[str, tuple[State, str]]:
    try:
        rows = json.loads(path.read_bytes())
        return {str(file): ((int(row[0]), int(row[1]), int(row[2])), str(row[3])) for file, row in rows.items()}
    except (OSError, IndexError, *DAMAGED):
        return {}
