"""Reading how far a retraining is, while it writes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semsam_annotate.api.errors import DAMAGED


@dataclass(frozen=True)
class Mark:
    """So many steps of something are done at a ``time`` (seconds since 1970); ``loss``: of a step of training."""

    what: str
    done: int
    total: int
    time: float
    loss: float | None = None


class ProgressReader:
    """Gives every mark once; lines that are damaged are passed over, one that is not complete yet waits."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def new(self) -> list[Mark]:
        """Marks since the last call; none while there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                content = file.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._at += len(whole)
        return [mark for line in whole.splitlines() if (mark := _mark(line)) is not None]


def _mark(line: bytes) -> Mark | None:
    try:
        row: Any = json.loads(line)
        loss = row.get("loss")
        mark = Mark(str(row["what"]), int(row["done"]), int(row["total"]), float(row["time"]))
        return mark if loss is None else Mark(mark.what, mark.done, mark.total, mark.time, float(loss))
    except DAMAGED:
        return None
