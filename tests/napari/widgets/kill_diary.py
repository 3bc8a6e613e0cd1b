"""What a window tells of itself in a file that outlives it: one JSON line at a time, in order."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semsam_annotate.napari.state.workspace import Workspace


class Diary:
    """Appends to a file that every window of a project shares."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, what: str, **facts: Any) -> None:
        """The system has the line when this returns, so killing this process cannot take it back."""
        os.write(self._file, json.dumps({"what": what, **facts}).encode() + b"\n")


def place(workspace: Workspace) -> dict[str, Any]:
    """Where somebody is, with digests of what is long."""
    plain = json.loads(json.dumps(asdict(workspace)))
    for name, long in (("candidate", "ladder"), ("touched", "mask")):
        if plain[name] is not None:
            plain[name] = {**plain[name], long: digest(plain[name][long])}
    plain.pop("known", None)
    return plain


def stamp(path: Path) -> list[int]:
    """Another one for every time that a file was written."""
    file = path.stat() if path.exists() else None
    return [0, 0] if file is None else [file.st_ino, file.st_mtime_ns]


def digest(plain: Any) -> str:
    """Equal for equal JSON values."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]
