"""Names as detectron2 has them: one list of classes, parts called ``object:part``, numbers from 0."""

from collections.abc import Sequence

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.api import Proposal


def is_part_name(name: str) -> bool:
    """Whether a class is a part."""
    return ":" in name


def class_of(proposal: Proposal, classes: Sequence[str], part: bool) -> tuple[int, float]:
    """Number of the likeliest class, and its chance: of a part that of its owner times its own.

    Only where no class has both, a part is one without an owner. ``len(classes)``, detectron2's background, and 0 where
    none of its names is a class.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    for names in (_owned(proposal), _free(proposal)) if part else (proposal.object_labels,):
        named = [(numbers[name], chance) for name, chance in names if name in numbers]
        if named:
            return max(named, key=lambda pair: pair[1])
    return len(classes), 0.0


def _owned(proposal: Proposal) -> list[tuple[str, float]]:
    return [
        (f"{owner}:{name}", share * chance)
        for owner, share in proposal.object_labels
        for name, chance in proposal.part_labels
    ]


def _free(proposal: Proposal) -> list[tuple[str, float]]:
    return [(f"{UNLABELLED}:{name}", chance) for name, chance in proposal.part_labels]


def labels_of(
    number: int, chance: float, classes: Sequence[str]
) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]:
    """Object labels and part labels of a class; a part's chance is that of both together, an owner may be unknown."""
    if not 0 <= number < len(classes):
        return (), ()
    owner, colon, part = classes[number].partition(":")
    if not colon:
        return ((owner, chance),), ()
    return () if owner == UNLABELLED else ((owner, 1.0),), ((part, chance),)
