"""Records of masks that a person accepts: the one shown, or many of a queue at once."""

from collections.abc import Sequence

from semsam_annotate.annotations import Annotation, ImageRef
from semsam_annotate.annotations.drafts import Facts, draft
from semsam_annotate.api import Proposal
from semsam_annotate.napari.state.accepted import AcceptedMask, parent_for
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.labels import LabelChoice


def shown_record(
    image: ImageRef, candidate: Candidate, choice: LabelChoice, parent: AcceptedMask | None, facts: Facts
) -> Annotation:
    """The mask shown, with ladder, rung and prompt; ``facts``: plane, author, seconds."""
    own: Facts = {
        **names(choice),
        "part_of": None if parent is None else parent.id,
        "clicks": candidate.effort,
        "track": candidate.track,
        "ladder": candidate.ladder,
        "rung": candidate.rung,
        "prompt": None if candidate.empty else candidate.prompt,
    }
    if candidate.touched is not None:
        own |= {"mask": candidate.touched, "edits": candidate.edits}
    return draft(image, candidate.proposal, {**facts, **own})


def queue_records(
    image: ImageRef,
    named: Sequence[tuple[Proposal, LabelChoice]],
    accepted: Sequence[AcceptedMask],
    facts: Facts,
) -> list[Annotation]:
    """Masks under their names, parts in the smallest mask around them; ``facts``: plane, author."""
    records, made = list[Annotation](), list(accepted)
    for proposal, choice in sorted(named, key=lambda item: -item[0].area):
        parent = parent_for(proposal.mask, made) if choice.part else None
        part_of = None if parent is None else parent.id
        records.append(draft(image, proposal, {**facts, **names(choice), "part_of": part_of}))
        made.append(AcceptedMask.of(records[-1]))
    return records


def names(choice: LabelChoice) -> Facts:
    """Object and part of a choice, None for an empty one."""
    return {"object": choice.object or None, "part": choice.part or None}
