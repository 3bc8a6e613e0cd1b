"""The ladder that needs no weights: felzenszwalb regions at six scales, the floor that any network has to beat."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb

from semsam_annotate.annotations import image_sha256
from semsam_annotate.api import (
    BadInput,
    Embedding,
    EngineInfo,
    Ladder,
    Mask,
    Prompt,
    Proposal,
    RgbImage,
    StaleEmbedding,
    Vocabulary,
    encode_rle,
    rle_iou,
)

RUNGS = ((50, 30), (150, 80), (400, 200), (1000, 500), (2500, 1500), (6000, 4000))
"""(scale, min_size) of felzenszwalb, finest first: levels 6 to 1."""

SIGMA = 0.8
SAME = 0.95
"""Two masks with a larger IoU are one rung."""

_KEPT = 4
"""Label maps of this many images stay in memory: 24 bytes a pixel each."""


class WeightsFreeEngine:
    """Answers clicks with the felzenszwalb region under them; no labels, score 1 − 0.1·|i − 3| of rung i."""

    def __init__(self) -> None:
        self._maps: OrderedDict[str, NDArray[np.int32]] = OrderedDict()

    @property
    def info(self) -> EngineInfo:
        """Named "none", as on the command line; it has no parameters."""
        return EngineInfo("none", "felzenszwalb-1", "cpu", 0, ("points",))

    def encode(self, image: RgbImage) -> Embedding:
        """Segment (H, W, 3) uint8 RGB at every scale."""
        key = image_sha256(image)
        if key not in self._maps:
            self._maps[key] = region_maps(image)
            while len(self._maps) > _KEPT:
                self._maps.popitem(last=False)
        return Embedding(key, (image.shape[0], image.shape[1]), self.info.version)

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        """The regions of one prompt; BadInput without a positive click, StaleEmbedding for a dropped handle."""
        if embedding.key not in self._maps:
            raise StaleEmbedding("the regions of this image were dropped: encode it again")
        prompt.check_inside(*embedding.size)
        if 1 not in prompt.labels:
            raise BadInput("the weights-free ladder needs a click on the object; it takes no box")
        masks = [regions_under(regions, prompt) for regions in self._maps[embedding.key]]
        return _ladder(masks, embedding, prompt)

    def propose_many(
        self, embedding: Embedding, prompts: Sequence[Prompt], vocabulary: Vocabulary | None = None
    ) -> list[Ladder]:
        """The same as one by one."""
        return [self.propose(embedding, prompt, vocabulary) for prompt in prompts]

    def close(self) -> None:
        """Drop the label maps."""
        self._maps.clear()


def region_maps(image: RgbImage) -> NDArray[np.int32]:
    """(6, H, W) region numbers of a (H, W, 3) uint8 RGB image, finest first."""
    maps = [felzenszwalb(image, scale=scale, sigma=SIGMA, min_size=size, channel_axis=-1) for scale, size in RUNGS]
    return np.stack(maps).astype(np.int32)


def regions_under(regions: NDArray[np.int32], prompt: Prompt) -> Mask:
    """(H, W) bool: the regions under the positive clicks, less those under a negative one (never the first click's)."""
    height, width = regions.shape
    numbers = [
        int(regions[min(max(round(y), 0), height - 1), min(max(round(x), 0), width - 1)]) for x, y in prompt.points
    ]
    wanted = [number for number, label in zip(numbers, prompt.labels, strict=True) if label]
    refused = {number for number, label in zip(numbers, prompt.labels, strict=True) if not label} - {wanted[0]}
    return np.isin(regions, [number for number in wanted if number not in refused])


def _ladder(masks: Sequence[Mask], embedding: Embedding, prompt: Prompt) -> Ladder:
    proposals = [_proposal(mask, rung, embedding, prompt) for rung, mask in enumerate(masks)]
    kept: list[Proposal] = []
    for proposal in sorted(proposals, key=lambda item: -item.score):
        if all(rle_iou(proposal.rle, other.rle) <= SAME for other in kept):
            kept.append(proposal)
    return Ladder(kept)


def _proposal(mask: Mask, rung: int, embedding: Embedding, prompt: Prompt) -> Proposal:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    place = "-".join(f"{x:g},{y:g},{label}" for (x, y), label in zip(prompt.points, prompt.labels, strict=True))
    return Proposal(
        id=f"{embedding.key[:12]}-{place}-{rung}",
        model=embedding.model,
        score=1 - 0.1 * abs(rung - 3),
        stability=1.0,
        level=len(RUNGS) - rung,
        box=(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)),
        mask=mask,
        rle=encode_rle(mask),
    )
