"""What there is to learn: accepted masks, those that no training knows yet, those held back to judge by."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.retraining.fresh_masks import FreshMasks
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.learned import learned_by
from semsam_annotate.annotations.retraining.plain_masks import plain_masks
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.annotations.schema import annotation
from semsam_annotate.annotations.splits import hashed_split
from semsam_annotate.api import rle_area

LEAST_HELD_BACK = 20
"""Masks held back, below which nothing can be said about a new model."""


JUDGED_AREA = 100
"""Pixels of a mask held back, below which nothing is judged by it: a click hardly hits it."""


@dataclass(frozen=True)
class TrainingCounts:
    """Accepted masks of plain images: ``fresh``, those that the last finished training did not know; ``learn`` in
    ``photos``, to learn from; ``held_back``, to judge by; ``small``, held back, but too small for that; ``test``, in
    photos that no training sees. ``trained``: whether a training finished before."""

    fresh: int = 0
    learn: int = 0
    photos: int = 0
    held_back: int = 0
    trained: bool = False
    small: int = 0
    test: int = 0

    @property
    def enough_to_judge(self) -> bool:
        """Whether the check of a new model can say anything."""
        return self.held_back >= LEAST_HELD_BACK


class MaskCounter:
    """Counts a project's masks; right after undo, deletion and correction: a corrected mask is a new one.

    A photo's place, to learn from or held back, is the one that a training would write down. The first count costs the
    number of masks (seconds of a million), any other what has changed since. For one thread at a time.
    """

    def __init__(self, project: Project) -> None:
        self._project, self._store = project, project.store
        self._masks = FreshMasks(project.store.engine)
        self._large: dict[str, int] = {}
        self._places: dict[str, str] = {}
        self._assigned = -1

    def new(self, tried: KnownMasks) -> tuple[int, int]:
        """What a loop asks every half minute: masks that are new, but those ``tried``; masks to learn from."""
        self._update(tried)
        return self._fresh(), self._by_split(self._masks.accepted)["train"]

    def all(self) -> TrainingCounts:
        """All there is to say."""
        trained = self._update()
        number, photos = self._by_split(self._masks.accepted), self._by_split(dict.fromkeys(+self._masks.accepted, 1))
        large = self._judged()
        return TrainingCounts(
            fresh=self._fresh(),
            learn=number["train"],
            photos=photos["train"],
            held_back=large,
            trained=trained,
            small=number["validation"] - large,
            test=number["test"],
        )

    def _update(self, *known: KnownMasks) -> bool:
        """Count anew what none of ``known`` and no training knows; whether a training finished before."""
        last = last_finished(self._project.models)
        learned = () if last is None else (learned_by(last, self._store),)
        for sha256 in self._masks.update((*known, *learned)):
            self._large.pop(sha256, None)
        assigned = self._store.splits.number()
        if assigned != self._assigned:
            self._places = {image: split.split for image, split in self._store.splits.all().items()}
            self._assigned = assigned
        return last is not None

    def _fresh(self) -> int:
        number = self._by_split(self._masks.fresh)
        return number["train"] + number["validation"]

    def _by_split(self, numbers: dict[str, int]) -> Counter[str]:
        found = Counter[str]()
        for sha256, number in numbers.items():
            found[self._split(sha256)] += number
        return found

    def _split(self, sha256: str) -> str:
        found = self._places.get(sha256)
        if found is None:
            found = self._places[sha256] = hashed_split(sha256, self._project.config.validation)
        return found

    def _judged(self) -> int:
        """How many masks that are held back are large enough to judge by."""
        held = [sha256 for sha256 in +self._masks.accepted if self._split(sha256) == "validation"]
        for images in batches([sha256 for sha256 in held if sha256 not in self._large]):
            self._large |= self._large_in(images)
        return sum(self._large[sha256] for sha256 in held)

    def _large_in(self, images: Collection[str]) -> dict[str, int]:
        found = dict.fromkeys(images, 0)
        query = plain_masks(annotation.c.sha256, annotation.c.mask).where(annotation.c.sha256.in_(images))
        with transaction(self._store.engine) as connection:
            for sha256, mask in connection.execute(query):
                found[sha256] += rle_area(mask) >= JUDGED_AREA
        return found
