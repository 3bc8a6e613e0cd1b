"""Copy-paste: objects of one image laid over another, masks, parts and names with them (Ghiasi et al. 2021)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.training.data.record import Edges, TrainingImage

MOST = 3
"""At most so many objects are pasted, each with all its parts."""
SMALLEST, LARGEST = 0.003, 0.4
"""Share of the image that a pasted object covers."""
SEEN = 12
"""Masks of which fewer pixels stay visible are dropped."""


def paste(sample: TrainingImage, donor: TrainingImage, rng: np.random.Generator) -> TrainingImage:
    """``sample`` with up to ``MOST`` random objects of ``donor``, of the same size in pixels, where they are there.

    What they cover is taken from the masks below; a child of a mask that vanishes moves to the nearest ancestor left.
    Unchanged when the donor has no fitting object, or when a mask below is only known as a box: nobody knows how much
    of it would be hidden. What only one of the images is complete or exhaustive in, the result is not.
    """
    if sample.box_only.any():
        return sample
    taken = _descendants(donor.parents, _chosen(donor, rng))
    if not taken.any():
        return sample
    above = donor.select(taken)
    region: NDArray[np.bool_] = np.logical_or.reduce(above.masks, axis=0)
    masks = sample.masks & ~region
    below = replace(sample, masks=masks).select(np.array([np.count_nonzero(mask) >= SEEN for mask in masks], bool))
    return _joined(below, above, np.where(region[..., None], donor.image, sample.image))


def _chosen(donor: TrainingImage, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(N,) up to ``MOST`` whole objects of a fitting size whose outline is known."""
    shares = np.array([np.count_nonzero(mask) / mask.size for mask in donor.masks])
    each = np.eye(len(donor), dtype=bool)
    drawn = np.array([not donor.box_only[_descendants(donor.parents, root)].any() for root in each], bool)
    fitting = (donor.parents < 0) & (shares >= SMALLEST) & (shares <= LARGEST) & drawn
    order = rng.permutation(np.flatnonzero(fitting))[: int(rng.integers(1, MOST + 1))]
    return np.isin(np.arange(len(donor)), order)


def _descendants(parents: NDArray[np.int64], roots: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N,) the roots and everything below them."""
    reached = roots
    for _ in range(len(parents)):
        below: NDArray[np.bool_] = roots | ((parents >= 0) & reached.take(parents))
        if np.array_equal(below, reached):
            break
        reached = below
    return reached


def _joined(below: TrainingImage, above: TrainingImage, image: NDArray[np.uint8]) -> TrainingImage:
    shifted = np.where(above.parents >= 0, above.parents + len(below), -1)
    return TrainingImage(
        image=image,
        masks=np.concatenate([below.masks, above.masks]),
        kinds=np.concatenate([below.kinds, above.kinds]),
        objects=below.objects + above.objects,
        parts=below.parts + above.parts,
        parents=np.concatenate([below.parents, shifted]),
        complete=below.complete and above.complete,
        exhaustive=below.exhaustive & above.exhaustive,
        shown=_around(below.shown, above.shown),
    )


def _around(one: Edges, other: Edges) -> Edges:
    """The smallest window around both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
