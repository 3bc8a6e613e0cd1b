"""What there is to learn: accepted masks, those that no training knows yet, those held back to judge by."""

from dataclasses import dataclass

from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.retraining.run import last_finished
from semsam_annotate.annotations.splits import hashed_split

LEAST_HELD_BACK = 20
"""Masks held back, below which nothing can be said about a new model."""


@dataclass(frozen=True)
class TrainingCounts:
    """Accepted masks of plain images: ``fresh``, those that the last finished training did not know; ``learn`` in
    ``photos``, to learn from; ``held_back``, to judge by. ``trained``: whether a training finished before."""

    fresh: int = 0
    learn: int = 0
    photos: int = 0
    held_back: int = 0
    trained: bool = False

    @property
    def enough_to_judge(self) -> bool:
        """Whether the check of a new model can say anything."""
        return self.held_back >= LEAST_HELD_BACK


def count(project: Project) -> TrainingCounts:
    """Count by record ids, so that it is right after undo, deletion and correction: a corrected mask is a new one.

    A photo's place, to learn from or held back, is the one that a training would write down.
    """
    accepted = project.store.accepted_ids()
    last = last_finished(project.models)
    known = frozenset[str]() if last is None else last.masks
    splits = {image: split.split for image, split in project.store.splits.all().items()}
    place = {
        image: splits.get(image) or hashed_split(image, project.config.validation) for image in set(accepted.values())
    }
    learned = [image for image in accepted.values() if place[image] != "validation"]
    held = len(accepted) - len(learned)
    return TrainingCounts(len(accepted.keys() - known), len(learned), len(set(learned)), held, last is not None)
