"""What there is to learn: accepted masks, those that no training knows yet, those held back to judge by."""

from dataclasses import dataclass

from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.annotations.splits import SPLITS, hashed_split

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


def count_new(project: Project, tried: frozenset[str]) -> tuple[int, int]:
    """What a loop asks every half minute: masks that are new, but those ``tried``; masks to learn from."""
    masks, last = _by_split(project), last_finished(project.models)
    known = tried | (frozenset[str]() if last is None else last.masks)
    return len((masks["train"].keys() | masks["validation"].keys()) - known), len(masks["train"])


def count(project: Project) -> TrainingCounts:
    """Count by record ids, so that it is right after undo, deletion and correction: a corrected mask is a new one.

    A photo's place, to learn from or held back, is the one that a training would write down.
    """
    masks = _by_split(project)
    last = last_finished(project.models)
    known = frozenset[str]() if last is None else last.masks
    judged = _large(project, masks["validation"])
    return TrainingCounts(
        fresh=len((masks["train"].keys() | masks["validation"].keys()) - known),
        learn=len(masks["train"]),
        photos=len(set(masks["train"].values())),
        held_back=judged,
        trained=last is not None,
        small=len(masks["validation"]) - judged,
        test=len(masks["test"]),
    )


def _by_split(project: Project) -> dict[str, dict[str, str]]:
    """For every split the ids of accepted masks, each with the sha256 of its photo."""
    splits = {image: split.split for image, split in project.store.splits.all().items()}
    found: dict[str, dict[str, str]] = {split: {} for split in SPLITS}
    for id, image in project.store.accepted_ids().items():
        found[splits.get(image) or hashed_split(image, project.config.validation)][id] = image
    return found


def _large(project: Project, masks: dict[str, str]) -> int:
    """How many of the masks are large enough to judge by."""
    areas: dict[str, int] = {}
    for image in set(masks.values()):
        areas |= project.store.accepted_areas(image)
    return sum(areas.get(id, 0) >= JUDGED_AREA for id in masks)
