"""What an engine answers: proposals, and the ladder of one prompt."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from semsam_annotate.api.errors import BadInput
from semsam_annotate.api.prompt import Box
from semsam_annotate.api.rle import Mask, Rle, checked_rle, decode_rle, encode_rle, rle_area

Labels = tuple[tuple[str, float], ...]
"""(name, probability), best first, summing to at most 1; the rest is "none of these"."""


class Proposal:
    """One mask with its predicted quality and labels. Immutable; ``mask`` and ``rle`` are made on first access.

    ``score``: predicted IoU with the mask that was meant, 0..1. ``stability``: IoU of the mask cut at a stricter and a
    looser threshold, 0..1. ``level``: 1 coarsest … 6 finest, the granularity of the query it came from. ``box``: edges
    (x0, y0, x1, y1), x1 and y1 exclusive. ``part_probability``: chance that this is a part rather than an object.
    ``object_labels``: what it is or, for a part, what it belongs to. ``part_labels``: which part, given that it is one.
    ``alike``: how many remembered masks (``Engine.remember``) speak for an object's name, and for a part's.
    """

    def __init__(
        self,
        *,
        id: str,
        model: str,
        score: float,
        stability: float,
        level: int,
        box: Box,
        mask: Mask | None = None,
        rle: Rle | None = None,
        make_mask: Callable[[], Mask] | None = None,
        area: int | None = None,
        part_probability: float = 0.5,
        object_labels: Sequence[tuple[str, float]] = (),
        part_labels: Sequence[tuple[str, float]] = (),
        alike: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {}),
    ) -> None:
        if mask is None and rle is None and make_mask is None:
            raise BadInput("a proposal needs a mask")
        self.id, self.model = id, model
        self.score, self.stability, self.level = float(score), float(stability), int(level)
        x0, y0, x1, y1 = box
        self.box: Box = float(x0), float(y0), float(x1), float(y1)
        self.part_probability = float(part_probability)
        self.object_labels = [(name, float(value)) for name, value in object_labels]
        self.part_labels = [(name, float(value)) for name, value in part_labels]
        self.alike = dict(alike[0]), dict(alike[1])
        self._mask, self._rle, self._make_mask, self._area = mask, rle, make_mask, area

    @property
    def mask(self) -> Mask:
        """(H, W) bool at the resolution given to ``encode``."""
        if self._mask is None:
            self._mask = self._make_mask() if self._make_mask is not None else decode_rle(self._rle or {})
            self._make_mask = None
        return self._mask

    @property
    def rle(self) -> Rle:
        """The mask as COCO run-length encoding."""
        if self._rle is None:
            self._rle = encode_rle(self.mask)
        return self._rle

    @property
    def area(self) -> int:
        """Number of pixels of the mask."""
        if self._area is None:
            self._area = int(self.mask.sum()) if self._rle is None else rle_area(self._rle)
        return self._area

    def placed(self, rle: Rle, box: Box) -> "Proposal":
        """The same answer, id included, with another mask: its place in a larger image, or joined with its rest."""
        return Proposal(
            id=self.id,
            model=self.model,
            score=self.score,
            stability=self.stability,
            level=self.level,
            box=box,
            rle=rle,
            part_probability=self.part_probability,
            object_labels=self.object_labels,
            part_labels=self.part_labels,
            alike=self.alike,
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, the mask as RLE."""
        return {
            "id": self.id,
            "model": self.model,
            "score": self.score,
            "stability": self.stability,
            "level": self.level,
            "box": list(self.box),
            "part_probability": self.part_probability,
            "object_labels": [list(label) for label in self.object_labels],
            "part_labels": [list(label) for label in self.part_labels],
            "mask": self.rle,
            **({"alike": [dict(side) for side in self.alike]} if any(self.alike) else {}),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Proposal":
        """Back from ``to_json``; BadInput when a field is missing or wrong, the mask too."""
        try:
            x0, y0, x1, y1 = value["box"]
            objects, parts = value.get("alike", ({}, {}))
            return cls(
                id=value["id"],
                model=value["model"],
                score=value["score"],
                stability=value["stability"],
                level=value["level"],
                box=(x0, y0, x1, y1),
                rle=checked_rle(value["mask"]),
                part_probability=value["part_probability"],
                object_labels=[(name, share) for name, share in value["object_labels"]],
                part_labels=[(name, share) for name, share in value["part_labels"]],
                alike=(_counts(objects), _counts(parts)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"not a proposal: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proposal) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Proposal(level={self.level}, score={self.score:.2f}, area={self.area}, id={self.id!r})"


def _counts(given: Mapping[str, int]) -> dict[str, int]:
    return {str(name): int(count) for name, count in given.items()}


class Ladder(Sequence[Proposal]):
    """One to six proposals of one prompt, smallest area first."""

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        if not 1 <= len(proposals) <= 6:
            raise BadInput(f"a ladder has one to six proposals, not {len(proposals)}")
        self._held: tuple[Proposal, ...] | None = tuple(sorted(proposals, key=lambda proposal: proposal.area))
        self._plain: list[dict[str, Any]] = []

    @classmethod
    def kept(cls, plain: list[dict[str, Any]]) -> "Ladder":
        """Of what ``to_json`` gave and a store kept: read and checked only when somebody looks at its rungs."""
        ladder = cls.__new__(cls)
        ladder._held, ladder._plain = None, plain
        return ladder

    @property
    def _proposals(self) -> tuple[Proposal, ...]:
        if self._held is None:
            self._held = Ladder.from_json(self._plain)._held or ()
        return self._held

    @property
    def best(self) -> Proposal:
        """The proposal with the best score."""
        return max(self._proposals, key=lambda proposal: proposal.score)

    def at(self, granularity: float) -> Proposal:
        """The rung at a granularity from 0 (finest) to 1 (coarsest), which need not be a rung's own.

        Granularity g stands for the area that lies g of the way from the smallest to the largest rung on a logarithmic
        scale; the rung whose log area is nearest is taken, the smaller of two. So equal steps multiply the area by
        equal factors, and a larger g never gives a smaller mask.
        """
        if not 0 <= granularity <= 1:
            raise BadInput(f"a granularity is a number from 0 (finest) to 1 (coarsest), not {granularity}")
        sizes = [math.log(max(proposal.area, 0.5)) for proposal in self._proposals]
        wanted = sizes[0] + granularity * (sizes[-1] - sizes[0])
        return min(zip(sizes, self._proposals, strict=True), key=lambda rung: abs(rung[0] - wanted))[1]

    @overload
    def __getitem__(self, index: int) -> Proposal: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Proposal, ...]: ...
    def __getitem__(self, index: int | slice) -> Proposal | tuple[Proposal, ...]:
        return self._proposals[index]

    def __len__(self) -> int:
        return len(self._proposals)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and self._proposals == other._proposals

    def __hash__(self) -> int:
        return hash(self._proposals)

    def __repr__(self) -> str:
        return f"Ladder({list(self._proposals)!r})"

    def to_json(self) -> list[dict[str, Any]]:
        """As plain JSON values."""
        return self._plain if self._held is None else [proposal.to_json() for proposal in self._held]

    @classmethod
    def from_json(cls, value: Sequence[dict[str, Any]]) -> "Ladder":
        """Back from ``to_json``; BadInput for anything else."""
        if not isinstance(value, Sequence):
            raise BadInput("a ladder is a list of proposals")
        return cls([Proposal.from_json(item) for item in value])
