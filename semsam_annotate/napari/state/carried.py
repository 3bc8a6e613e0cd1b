"""A mask carried over to the next frame: which mask of the ladder it is there, whether that is in doubt, its record."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsam_annotate.annotations import Annotation, ImageRef
from semsam_annotate.annotations.drafts import Facts, draft
from semsam_annotate.annotations.journal import Deed
from semsam_annotate.api import Ladder, Mask, Prompt, Proposal
from semsam_annotate.napari.state.accepted import AcceptedMask

AGREEMENT, SCORE = 0.5, 0.5
"""Least IoU with the mask of the frame before, and least predicted IoU, of a mask that is not in doubt."""


@dataclass(frozen=True)
class Carried:
    """``source``: the mask of the frame before, which has a track. ``agreement``: IoU of the rung with it."""

    source: AcceptedMask
    ladder: Ladder
    rung: int
    agreement: float

    @property
    def proposal(self) -> Proposal:
        """The mask in this frame."""
        return self.ladder[self.rung]

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at it."""
        return self.agreement < AGREEMENT or self.proposal.score < SCORE


def prompt_from(mask: AcceptedMask) -> Prompt:
    """What the engine is asked in the next frame: the mask of this one, roughly."""
    return Prompt(mask=mask.rle)


def carried(source: AcceptedMask, ladder: Ladder) -> Carried:
    """The mask of a ladder that is likest to the one of the frame before."""
    before = source.mask
    likeness = [iou(before, proposal.mask) for proposal in ladder]
    rung = int(np.argmax(likeness))
    return Carried(source, ladder, rung, likeness[rung])


def iou(first: Mask, second: Mask) -> float:
    """Intersection over union of two (H, W) bool masks, 0 for two empty ones."""
    union = int(np.count_nonzero(first | second))
    return int(np.count_nonzero(first & second)) / union if union else 0.0


def track_deed(masks: Sequence[AcceptedMask]) -> Deed:
    """Every mask gets a track of its own."""
    return Deed(
        f"began {len(masks)} track{'' if len(masks) == 1 else 's'}",
        correct=tuple((mask.id, Facts(track=str(uuid.uuid4()))) for mask in masks),
    )


def carrying_deed(
    image: ImageRef, found: Sequence[Carried], here: Sequence[AcceptedMask], above: dict[str, str], facts: Facts
) -> Deed:
    """Records of a frame's carried masks, parts under what they belong to.

    ``here``: accepted masks of this frame; one of the same track is corrected. ``above``: track of a part -> track of
    what it is a part of. ``facts``: plane, author.
    """
    ids = {mask.track: mask.id for mask in here if mask.track is not None}
    fresh, corrections = list[Annotation](), list[tuple[str, Facts]]()
    for one in sorted(found, key=lambda each: -each.source.area):
        track = one.source.track or ""
        own: Facts = {**facts, **_facts(one)}
        if track in ids:
            corrections.append((ids[track], {**own, "mask": one.proposal.rle, "proposed_mask": None}))
            continue
        record = draft(image, one.proposal, {**own, "part_of": ids.get(above.get(track, ""))})
        ids[track] = record.id
        fresh.append(record)
    title = f"carried over {len(found)} mask{'' if len(found) == 1 else 's'}"
    return Deed(title, accept=tuple(fresh), correct=tuple(corrections))


def _facts(one: Carried) -> Facts:
    source, proposal = one.source, one.proposal
    facts: Facts = {"object": source.object, "part": source.part, "track": source.track, "clicks": 0, "edits": None}
    facts |= {"ladder": one.ladder, "rung": one.rung, "prompt": prompt_from(source)}
    return facts | {"score": proposal.score, "level": proposal.level, "model": proposal.model}
