"""Which names an accepted mask gets: the model's guess until the annotator chooses, and what was used last."""

from dataclasses import dataclass, replace

from semsam_annotate.api import Proposal


@dataclass(frozen=True)
class LabelChoice:
    """Object name, bare part name (empty: the mask is a whole object), and whether a person chose them."""

    object: str = ""
    part: str = ""
    by_hand: bool = False

    def chosen(self, object: str | None = None, part: str | None = None) -> "LabelChoice":
        """With the names a person chose; None leaves that side as it is."""
        return LabelChoice(
            self.object if object is None else object.strip(), self.part if part is None else part.strip(), True
        )

    def guessed(self, proposal: Proposal) -> "LabelChoice":
        """With the model's best guess for a mask; a person's choice, and a side without a guess, stay as they are."""
        if self.by_hand:
            return self
        is_part = proposal.part_probability >= 0.5 and bool(proposal.part_labels)
        return replace(
            self,
            object=proposal.object_labels[0][0] if proposal.object_labels else self.object,
            part=proposal.part_labels[0][0] if is_part else "",
        )

    def next(self) -> "LabelChoice":
        """For the next mask: the same names, open to the model's guess again."""
        return replace(self, by_hand=False)


def describe(object: str | None, part: str | None) -> str:
    """A name for people: "wheel of car", "car", "wheel", "unnamed"."""
    if object and part:
        return f"{part} of {object}"
    return part or object or "unnamed"
