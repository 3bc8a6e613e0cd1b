"""What to label next, written down: ``models/next.json``, which ``semsam next`` makes and every front end reads."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import BadInput, Box
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.api.promotions import Promotions

FILE, LOCK = "next.json", ".next.lock"


@dataclass(frozen=True)
class Review:
    """A proposal to look at first: its ``box`` in pixels, x1 and y1 exclusive, its likeliest ``name`` (None without a
    vocabulary) with its ``chance``, and its predicted IoU ``score``, both 0..1."""

    box: Box
    name: str | None
    chance: float
    score: float


@dataclass(frozen=True)
class NextImage:
    """An image in the order: its file, relative to the project if inside, the sha256 of its pixels, the ``clicks`` that
    it is expected to cost."""

    path: Path
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
        images = [{**asdict(one), "path": one.path.as_posix()} for one in self.images]
        return {**asdict(self), "images": images}

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of an image, 0 the first, by the sha256 of its pixels."""
        return {one.sha256: place for place, one in enumerate(self.images)}


def write_next(models: Path, found: NextImages) -> None:
    """Put an order in the place of the last one; ``models``: a project's folder of models."""
    models.mkdir(parents=True, exist_ok=True)
    write_atomically(models / FILE, json.dumps(found.to_json()).encode())


def read_next(models: Path) -> NextImages | None:
    """The order, None when there is none, it is damaged, or another model serves by now."""
    found = last_order(models)
    return found if found is not None and found.serving == serving(models) else None


def last_order(models: Path) -> NextImages | None:
    """The order, whichever model serves by now; None when there is none or it is damaged."""
    try:
        plain = json.loads((models / FILE).read_bytes())
        strategy, model, serving, time = (str(plain[key]) for key in ("strategy", "model", "serving", "time"))
        images = tuple(_image(row) for row in plain["images"])
        more = {name: int(plain[name]) for name in ("most", "count", "review", "seed") if name in plain}
        return NextImages(strategy, model, serving, time, images, **more)
    except (OSError, *DAMAGED):
        return None


def serving(models: Path) -> str | None:
    """The version that was promoted last; None where the list of promotions is damaged."""
    try:
        return Promotions(models).history()[-1]
    except BadInput:
        return None


def by_use(paths: Iterable[Path], models: Path) -> list[Path]:
    """Files in the order written down; those that it does not know come after, as they came."""
    listed, found = list(paths), read_next(models)
    images = () if found is None else found.images
    places = {(models.parent / one.path).absolute(): place for place, one in enumerate(images)}
    return sorted(listed, key=lambda path: places.get(path.absolute(), len(places)))


def _image(row: dict[str, Any]) -> NextImage:
    review = tuple(_review(one) for one in row["review"])
    return NextImage(Path(row["path"]), str(row.get("sha256", "")), float(row["clicks"]), review)


def _review(row: dict[str, Any]) -> Review:
    x0, y0, x1, y1 = (float(edge) for edge in row["box"])
    name = None if row["name"] is None else str(row["name"])
    return Review((x0, y0, x1, y1), name, float(row["chance"]), float(row["score"]))
