"""A change of the accepted masks of a picture, as the store made it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from semsam_annotate.napari.state.accepted import AcceptedMask


@dataclass(frozen=True)
class Shift:
    """``out``: ids that left; ``brought``: masks that came; ``replaced``: id that left -> id in its place.

    ``refused``: ids of masks that were found and rejected. ``title``: what was done here; empty where others did it.
    """

    title: str
    out: tuple[str, ...] = ()
    brought: tuple[AcceptedMask, ...] = ()
    replaced: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def applied(self, masks: Iterable[AcceptedMask]) -> list[AcceptedMask]:
        """The masks after it, oldest first; parts of a mask that was replaced belong to the one in its place."""
        stay = [mask for mask in masks if mask.id not in self.out]
        return sorted([self._adopted(mask) for mask in (*stay, *self.brought)], key=lambda mask: mask.time)

    def renumbered(self, ids: Iterable[str]) -> list[str]:
        """Ids of masks (selected ones, say) after it."""
        kept = [id for id in ids if id not in self.out or id in self.replaced]
        return [self.replaced.get(id, id) for id in kept]

    def _adopted(self, mask: AcceptedMask) -> AcceptedMask:
        parent = mask.part_of
        return mask if parent not in self.replaced else replace(mask, part_of=self.replaced[parent])
