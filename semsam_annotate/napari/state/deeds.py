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

Correction = tuple[str, Facts]


def renaming(mask: AcceptedMask, below: Sequence[AcceptedMask], choice: LabelChoice) -> Deed:
    """Other names for a mask; parts ``below`` it that were named after its object follow."""
    object, part = choice.object or None, choice.part or None
    corrections: list[Correction] = [(mask.id, {"object": object, "part": part})]
    corrections += [(other.id, {"object": object}) for other in below if other.object == mask.object != object]
    return Deed(f"renamed {mask.title} to {describe(object, part)}", correct=tuple(corrections))


def attaching(mask: AcceptedMask, parent: AcceptedMask | None) -> Deed:
    """A mask becomes a part of another one and takes its object's name, or becomes a part of nothing."""
    if parent is None:
        return Deed(f"{mask.title} stands on its own", correct=((mask.id, {"part_of": None}),))
    facts: Facts = {"part_of": parent.id}
    if mask.part and parent.object:
        facts["object"] = parent.object
    return Deed(f"{mask.title} belongs to {parent.title}", correct=((mask.id, facts),))


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
