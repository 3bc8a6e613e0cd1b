"""What to label next, written down: ``models/next.json``, which ``semsam next`` makes; ``next_order`` reads it."""

import json
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import Box

FILE, LOCK = "next.json", ".next.lock"


@dataclass(frozen=True, slots=True)
class Review:
    """A proposal to look at first: its ``box`` in pixels, x1 and y1 exclusive, its likeliest ``name`` (None without a
    vocabulary) with its ``chance``, and its predicted IoU ``score``, both 0..1."""

    box: Box
    name: str | None
    chance: float
    score: float


@dataclass(frozen=True, slots=True)
class NextImage:
    """An image in the order: its file with "/", relative to the project if inside, the sha256 of its pixels, the
    ``clicks`` that it is expected to cost."""

    path: str
    sha256: str
    clicks: float
    review: tuple[Review, ...] = ()


@dataclass(frozen=True)
class NextImages:
    """An order of images, the most useful first, by the ``strategy`` and ``model`` that made it at a ``time`` in UTC.

    ``serving``: the version that was promoted then; another one makes the order stale. ``most``: images that were
    looked at at most, 0 all; ``count``, ``review``: images with proposals to review, and how many each; ``seed``: of
    what was drawn.
    """

    strategy: str
    model: str
    serving: str
    time: str
    images: tuple[NextImage, ...]
    most: int = 0
    count: int = 20
    review: int = 5
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of an image, 0 the first, by the sha256 of its pixels."""
        return {one.sha256: place for place, one in enumerate(self.images)}

    def files(self, folder: Path) -> dict[str, int]:
        """Place of an image by its file, of a project in ``folder``; strings, of which tens of thousands are cheap."""
        names = [one.path.replace("/", os.sep) for one in self.images]
        inside = os.path.join(folder, "")
        return {name if os.path.isabs(name) else inside + name: place for place, name in enumerate(names)}


def write_next(models: Path, found: NextImages) -> None:
    """Put an order in the place of the last one; ``models``: a project's folder of models."""
    models.mkdir(parents=True, exist_ok=True)
    write_atomically(models / FILE, json.dumps(found.to_json()).encode())
