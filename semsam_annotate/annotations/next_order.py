"""The order of images that ``semsam next`` wrote down, read again only when there is another one."""

import json
import os
import threading
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.next_images import FILE, NextImage, NextImages, Review
from semsam_annotate.api import BadInput
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.api.promotions import Promotions


class NextOrder:
    """Of the project whose folder of ``models`` it is; that of tens of thousands of images takes a part of a second to
    read, and is asked for at every step. Threads may share it."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._stamp: tuple[int, int, int] | None = None
        self._last: NextImages | None = None
        self._lock = threading.Lock()

    def holding(self) -> NextImages | None:
        """The order, None when there is none, it is damaged, or another model serves by now; the same object until
        another one is written."""
        found = self.last()
        return found if found is not None and found.serving == serving(self._models) else None

    def last(self) -> NextImages | None:
        """The order, whichever model serves by now; None when there is none or it is damaged."""
        with self._lock:
            try:
                with (self._models / FILE).open("rb") as file:
                    told = os.fstat(file.fileno())
                    stamp = told.st_mtime_ns, told.st_size, told.st_ino
                    if stamp != self._stamp:
                        self._stamp, self._last = stamp, _read(file.read())
            except OSError:
                self._stamp = self._last = None
            return self._last


def serving(models: Path) -> str | None:
    """The version that was promoted last; None where the list of promotions is damaged."""
    try:
        return Promotions(models).history()[-1]
    except BadInput:
        return None


def _read(content: bytes) -> NextImages | None:
    try:
        plain = json.loads(content)
        strategy, model, serving, time = (str(plain[key]) for key in ("strategy", "model", "serving", "time"))
        images = tuple(_image(row) for row in plain["images"])
        more = {name: int(plain[name]) for name in ("most", "count", "review", "seed") if name in plain}
        return NextImages(strategy, model, serving, time, images, **more)
    except DAMAGED:
        return None


def _image(row: dict[str, Any]) -> NextImage:
    review = tuple(map(_review, row["review"]))
    return NextImage(str(row["path"]), str(row.get("sha256", "")), float(row["clicks"]), review)


def _review(row: dict[str, Any]) -> Review:
    x0, y0, x1, y1 = (float(edge) for edge in row["box"])
    name = None if row["name"] is None else str(row["name"])
    return Review((x0, y0, x1, y1), name, float(row["chance"]), float(row["score"]))
