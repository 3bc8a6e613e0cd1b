"""Writing files complete or not at all."""

import os
import re
import time
import uuid
from contextlib import suppress
from pathlib import Path

_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{8}")


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file beside its place, sync it, then move it there; nothing stays behind when the disk refuses.

    ``mode``: who may read and write it, less what the process's umask takes away; never more at any moment.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def clear_unfinished(folder: Path, seconds: float = 0.0, name: str = "") -> None:
    """Take away what killed writers left in a folder; ``seconds``: of that age or older, ``name``: of one file."""
    with suppress(OSError):
        for path in folder.iterdir():
            mine = path.name.startswith(f".{name}.") if name else True
            if mine and _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime <= time.time() - seconds:
                path.unlink(missing_ok=True)
