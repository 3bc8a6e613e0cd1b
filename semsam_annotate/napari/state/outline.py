"""The tree of accepted masks: which belongs under which, in the order they were made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from semsam_annotate.napari.state.accepted import AcceptedMask


@dataclass(frozen=True)
class Branch:
    """A mask and the branches of its parts."""

    mask: AcceptedMask
    parts: tuple["Branch", ...] = ()


def outline(masks: Sequence[AcceptedMask]) -> list[Branch]:
    """Branches of objects with their parts, nested; a part whose object is not there stands on its own."""
    under = _under(masks)
    return [_branch(mask, under) for mask in under.get(None, [])]


def descendants(mask: AcceptedMask, masks: Iterable[AcceptedMask]) -> list[AcceptedMask]:
    """Parts of a mask, their parts, and so on, every part behind what it belongs to."""
    under, found = _under(masks), [mask]
    for one in found:  # grows while it is walked
        found.extend(under.get(one.id, []))
    return found[1:]


def _under(masks: Iterable[AcceptedMask]) -> dict[str | None, list[AcceptedMask]]:
    listed = list(masks)
    known = {mask.id for mask in listed}
    under: dict[str | None, list[AcceptedMask]] = {}
    for mask in listed:
        under.setdefault(mask.part_of if mask.part_of in known else None, []).append(mask)
    return under


def _branch(mask: AcceptedMask, under: dict[str | None, list[AcceptedMask]]) -> Branch:
    return Branch(mask, tuple(_branch(part, under) for part in under.get(mask.id, [])))
