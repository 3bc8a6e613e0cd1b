"""What an edit of accepted masks means for their records: deeds of the journal."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from semsam_annotate.annotations.drafts import Facts
from semsam_annotate.annotations.journal import Deed
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES, Word
from semsam_annotate.api import Mask
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.labels import LabelChoice, describe
from semsam_annotate.napari.state.outline import descendants

Correction = tuple[str, Facts]


def renaming(mask: AcceptedMask, below: Sequence[AcceptedMask], choice: LabelChoice) -> Deed:
    """Other names for a mask; parts ``below`` it that were named after its object follow."""
    object, part = choice.object or None, choice.part or None
    corrections = ((mask.id, Facts(object=object, part=part)), *_following(mask, below, object))
    return Deed(f"renamed {mask.title} to {describe(object, part)}", correct=corrections)


def attaching(masks: Sequence[AcceptedMask], parent: AcceptedMask | None, others: Sequence[AcceptedMask]) -> Deed:
    """Masks become parts of another one and take its object's name, or become parts of nothing.

    Those of ``others`` below them that were named after their object follow.
    """
    one = len(masks) == 1
    if parent is None:
        title = f"{_titled(masks)} {'stands on its own' if one else 'stand on their own'}"
        return Deed(title, correct=tuple((mask.id, Facts(part_of=None)) for mask in masks))
    corrections: list[Correction] = []
    for mask in masks:
        facts: Facts = {"part_of": parent.id}
        if mask.part and parent.object:
            facts["object"] = parent.object
            corrections += _following(mask, descendants(mask, others), parent.object)
        corrections.append((mask.id, facts))
    return Deed(f"{_titled(masks)} {'belongs' if one else 'belong'} to {parent.title}", correct=tuple(corrections))


def _following(mask: AcceptedMask, below: Sequence[AcceptedMask], object: str | None) -> list[Correction]:
    """The new object of parts below a mask that were named after its old one."""
    return [(other.id, Facts(object=object)) for other in below if other.object == mask.object != object]


def redrawing(mask: AcceptedMask, pixels: Mask, edits: int) -> Deed:
    """Another outline, (H, W) bool, painted by hand in that many more strokes."""
    return Deed(f"touched up {mask.title}", correct=((mask.id, {"mask": pixels, "edits": mask.edits + edits}),))


def merging(masks: Sequence[AcceptedMask], others: Sequence[AcceptedMask]) -> Deed:
    """Join masks into the first one; ``others`` of the picture that were parts of the joined ones become its parts."""
    kept, *gone = masks
    ids = {mask.id for mask in gone}
    facts: Facts = {"mask": reduce(np.logical_or, (mask.mask for mask in masks))}
    if kept.part_of in ids:  # it cannot be a part of what it swallows
        facts["part_of"] = None
    moved = [other for other in others if other.part_of in ids and other.id not in {kept.id, *ids}]
    corrections: list[Correction] = [(kept.id, facts), *((other.id, Facts(part_of=kept.id)) for other in moved)]
    title = f"merged {len(masks)} masks into {kept.title}"
    return Deed(title, correct=tuple(corrections), delete=tuple(ids))


def deletion(masks: Sequence[AcceptedMask]) -> Deed:
    """Delete masks."""
    return Deed(f"deleted {_titled(masks)}", delete=tuple(mask.id for mask in masks))


def reviewing(masks: Sequence[AcceptedMask], remark: str | None = None) -> Deed:
    """A second look: masks are approved or, with a ``remark``, to be changed."""
    word, verb = Word(APPROVED), "approved"
    if remark is not None:
        word, verb = Word(CHANGES, comment=remark), "asked for changes in"
    return Deed(f"{verb} {_titled(masks)}", review=tuple((mask.id, word) for mask in masks))


def _titled(masks: Sequence[AcceptedMask]) -> str:
    return masks[0].title if len(masks) == 1 else f"{masks[0].title} and {len(masks) - 1} more"
