"""Lines of the tree of masks, and which of them a change touches: filling a thousand anew takes a quarter second."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.outline import Branch

REVIEWED: dict[str | None, str] = {"approved": " ✓", "changes requested": " – to change"}
"""What follows a mask's name that somebody has reviewed."""


@dataclass(frozen=True)
class MaskRow:
    """A line: ``parent`` is the id of the line that it hangs under, None at the top."""

    id: str
    parent: str | None
    text: str
    tip: str
    colour: str | None
    hidden: bool
    locked: bool


def mask_rows(branches: Sequence[Branch], colours: dict[str, str | None], editing: MaskEditing) -> dict[str, MaskRow]:
    """Lines of a tree by id, from the top down."""
    return {row.id: row for row in _walk(branches, None, colours, editing)}


def only_additions(old: dict[str, MaskRow], new: dict[str, MaskRow]) -> bool:
    """Whether the lines of before are all there, under the same parents, in the same order, before new ones."""
    kept = [row for row in new.values() if row.id in old]
    same = [row.id for row in kept] == list(old) and all(old[row.id].parent == row.parent for row in kept)
    grown: set[str | None] = set()
    for row in new.values():  # a new line before a sibling of before would have to be inserted
        if row.id not in old:
            grown.add(row.parent)
        elif row.parent in grown:
            return False
    return same


def _walk(
    branches: Iterable[Branch], parent: str | None, colours: dict[str, str | None], editing: MaskEditing
) -> Iterable[MaskRow]:
    for branch in branches:
        mask = branch.mask
        tip = f"{mask.title}: {mask.area:,} pixels, score {mask.score:.2f}"
        tip += f", painted in by hand ({mask.edits} strokes)" if mask.edits else ""
        tip += f"; {mask.review}" if mask.review else ""
        tip += f": {mask.remark}" if mask.remark else ""
        text, marks = (
            (mask.part or mask.title) + REVIEWED.get(mask.review, ""),
            (mask.id in editing.hidden, mask.id in editing.locked),
        )
        yield MaskRow(mask.id, parent, text, tip, colours.get(mask.id), *marks)
        yield from _walk(branch.parts, mask.id, colours, editing)
