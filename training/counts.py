"""What the losses of a step are divided by, known before the network has answered.

Losses are means over all images of a step, and a process, or one part of an accumulated batch, holds only some of them.
So each sums its own and divides by counts of the whole batch, as published (the number of masks, summed over all
processes). They count what is asked at first: corrective clicks later leave a few pairs out, which the counts do not
follow, since the parts of an accumulated batch are not corrected yet when the first one is learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from semsam_annotate.training.targets import Targets


@dataclass(frozen=True)
class Counts:
    """What each loss is divided by: a sum over the whole batch, or one where there is nothing to count.

    ``pairs`` of a query and a mask, and those of them that are ``drawn``, not boxed; ``clicks`` whose mask is known;
    ``objects`` and ``parts``: weights of the names of the pairs; ``kinds`` known among the pairs; ``found``: masks that
    the generic branch is to find; ``found_drawn``: those of them that are drawn.
    """

    pairs: float
    drawn: float
    clicks: float
    objects: float
    parts: float
    kinds: float
    found: float
    found_drawn: float

    @classmethod
    def of(cls, sums: Tensor) -> "Counts":
        """From (8,) sums; weights of names are below one, so only what is nothing becomes one."""
        return cls(*(value if value > 0 else 1.0 for value in sums.tolist()))


def asked(
    targets: Targets,
    granularities: int,
    many_to_one: bool,
    seen: tuple[Sequence[int], Sequence[int]] = ((), ()),
    wanted: Sequence[Tensor] = (),
    queries: int = 0,
) -> Tensor:
    """(8,) float64 sums, in the order of ``Counts``, of targets before any correction.

    ``seen``: how often each object name and each part name occurs. ``wanted`` and ``queries``: what the generic branch
    is to find in each image, and with how many queries.
    """
    rows, share = _pairs(targets, granularities, many_to_one)
    drawn = ~targets.boxed
    known = (targets.clicked >= 0) & drawn[targets.clicked.clamp(min=0)]
    sums = [share.sum(), (share * drawn[rows]).sum(), known.sum()]
    for labels, times in zip((targets.objects, targets.parts), seen, strict=True):
        known = labels[rows] >= 0
        sums.append((share[known] * name_weights(times, labels[rows][known])).sum() if times else share.sum() * 0)
    sums.append((share * (targets.kinds[rows] >= 0)).sum())
    return torch.stack([value.double() for value in (*sums, *_found(targets, wanted, queries))])


def name_weights(seen: Sequence[int], rows: Tensor) -> Tensor:
    """(R,) weights of the names ``rows``: the square root of their rarity."""
    return torch.tensor(seen, dtype=torch.float32, device=rows.device).clamp(min=1).rsqrt()[rows]


def _pairs(targets: Targets, granularities: int, many_to_one: bool) -> tuple[Tensor, Tensor]:
    """Masks that the clicks mean, and the chance (R,) of each to be matched: fewer queries than masks match as many."""
    if many_to_one:
        meant = targets.clicked[targets.clicked >= 0]
        return meant, torch.ones_like(meant, dtype=torch.float64)
    present = targets.candidates >= 0
    share = (granularities / present.sum(-1, keepdim=True).clamp(min=1)).clamp(max=1).double().expand(present.shape)
    return targets.candidates[present], share[present]


def _found(targets: Targets, wanted: Sequence[Tensor], queries: int) -> tuple[Tensor, Tensor]:
    """Masks to find, and the drawn ones among them, as far as there are queries for them."""
    found = drawn = targets.boxes.new_zeros(())
    for rows in wanted:
        share = min(1.0, queries / max(len(rows), 1))
        found, drawn = found + share * len(rows), drawn + share * (~targets.boxed[rows]).sum()
    return found, drawn
