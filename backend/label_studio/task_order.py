"""The score of a prediction, by which Label Studio orders tasks: the lowest first, under "uncertainty sampling"."""

from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.annotations.next_images import read_next

KNOWN = 0.5
"""Scores below are of images in the order of ``semsam next``, the others' are above."""


@dataclass(frozen=True)
class TaskOrder:
    """``models``: of the project whose order of images counts, None for none."""

    models: Path | None = None

    def score(self, image: str, sure: float) -> float:
        """0..1, the most useful task lowest; ``image``: sha256 of its pixels, ``sure``: mean certainty, 0..1.

        Its place in the order; where that does not know the image, how sure the model is, behind all that it knows.
        """
        found = None if self.models is None else read_next(self.models)
        if found is None:
            return round(sure, 4)
        place = found.places.get(image)
        return round(KNOWN + (1 - KNOWN) * sure if place is None else KNOWN * place / len(found.places), 6)
