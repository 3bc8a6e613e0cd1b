"""What a training learns that the one before did not know."""

from dataclasses import dataclass
from typing import Any

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.run import last_finished

MOST = 20
"""Names that a sentence holds."""


@dataclass(frozen=True)
class News:
    """Accepted masks that the last finished training, number ``since``, did not know; the images that they lie in, the
    names that none of its masks bore."""

    masks: int = 0
    images: int = 0
    labels: tuple[str, ...] = ()
    since: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"masks": self.masks, "images": self.images, "labels": list(self.labels), "since": self.since}

    @property
    def sentence(self) -> str:
        """In words."""
        since = "since the start" if self.since is None else f"since training {self.since}"
        told = f"{self.masks} masks in {self.images} images {since}"
        more = f" and {len(self.labels) - MOST} more" if len(self.labels) > MOST else ""
        return (
            f"{told}; new labels: {', '.join(self.labels[:MOST])}{more}." if self.labels else f"{told}; no new label."
        )


def news_of(project: Project, ids: tuple[str, ...]) -> News:
    """What is new among the records that a training takes."""
    last = last_finished(project.models)
    known = frozenset[str]() if last is None else last.masks
    fresh = set(ids) - known
    images = {image for id, image in project.store.accepted_ids().items() if id in fresh}
    names = {record.id: _name(record.object, record.part) for record in project.store.accepted_names()}
    before = {name for id, name in names.items() if id in known}
    labels = {name for id, name in names.items() if id in fresh} - before
    return News(len(fresh), len(images), tuple(sorted(labels)), None if last is None else last.number)


def _name(object: str | None, part: str | None) -> str:
    return ": ".join(filter(None, (object, part)))
