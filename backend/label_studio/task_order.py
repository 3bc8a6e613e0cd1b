"""The score of a prediction, by which Label Studio orders tasks: the lowest first, under "uncertainty sampling"."""

from dataclasses import dataclass

from semsam_annotate.annotations.next_order import NextOrder

KNOWN = 0.5
"""Scores below are of images in the order of ``semsam next``, the others' are above."""


@dataclass(frozen=True)
class TaskOrder:
    """``kept``: the order of the project's images, None without a project."""

    kept: NextOrder | None = None

    def score(self, image: str, sure: float) -> float:
        """0..1, the most useful task lowest; ``image``: sha256 of its pixels, ``sure``: mean certainty, 0..1.

        Its place in the order; where that does not know the image, how sure the model is, behind all that it knows.
        Reads a file, so it is for a thread.
        """
        found = None if self.kept is None else self.kept.holding()
        if found is None:
            return round(sure, 4)
        place = found.places.get(image)
        return round(KNOWN + (1 - KNOWN) * sure if place is None else KNOWN * place / len(found.places), 6)
