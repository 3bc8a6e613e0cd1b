"""An engine that finds every connected region of one colour exactly, so that stitching can be compared with truth."""

import uuid
from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from semsam_annotate.api import (
    AutoSettings,
    CancelToken,
    Embedding,
    EngineInfo,
    Progress,
    Proposal,
    Tree,
    TreeNode,
    Vocabulary,
)
from semsam_annotate.api.runs import Runs


class ColourEngine:
    """Regions of one colour, black left out, of at least ``smallest`` pixels."""

    def __init__(self, smallest: int = 40) -> None:
        self.smallest, self.seen = smallest, []
        self._images: dict[str, np.ndarray] = {}

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("colours", "1", "cpu", 0, ("auto",))

    def encode(self, image: np.ndarray, cancel: CancelToken | None = None) -> Embedding:
        self.seen.append(image.shape)
        key = uuid.uuid4().hex
        self._images = {key: image}
        return Embedding(key, image.shape[:2], "1")

    def auto(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Tree:
        image = self._images[embedding.key]
        codes = image.astype(np.int32) @ np.array([1, 256, 65536])
        nodes = []
        for code in np.unique(codes[codes > 0]):
            regions, count = ndimage.label(codes == code)
            sizes = np.bincount(regions.ravel())
            nodes += [self._node(regions == row) for row in range(1, count + 1) if sizes[row] >= self.smallest]
        return Tree(nodes)

    def _node(self, mask: np.ndarray) -> TreeNode:
        runs = Runs.of(mask)
        facts = {"model": "1", "score": 0.9, "stability": 1.0, "level": 1}
        return TreeNode(Proposal(id=uuid.uuid4().hex, box=runs.box, rle=runs.to_rle(), **facts))


@pytest.fixture
def colour_engine() -> ColourEngine:
    return ColourEngine()


@pytest.fixture
def ellipses() -> Callable[..., tuple[np.ndarray, list[np.ndarray]]]:
    """Images of turned ellipses of different colours that do not touch, with their masks."""

    def draw(height: int, width: int, count: int, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
        rng = np.random.default_rng(seed)
        image, masks, free = np.zeros((height, width, 3), np.uint8), [], np.ones((height, width), bool)
        for number in range(count * 4):
            long = rng.uniform(0.01, 0.3) * max(height, width)
            across, angle = max(long * rng.uniform(0.1, 1), 8), rng.uniform(0, np.pi)
            x, y = rng.uniform(0, width), rng.uniform(0, height)
            top, left = max(0, int(y - long - 5)), max(0, int(x - long - 5))
            rows, columns = np.mgrid[top : min(height, int(y + long + 6)), left : min(width, int(x + long + 6))]
            u = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
            v = (rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)
            box = slice(top, top + rows.shape[0]), slice(left, left + rows.shape[1])
            inside = (u / long) ** 2 + (v / across) ** 2 < 1
            if len(masks) < count and inside.sum() > 400 and free[box][inside].all():
                masks.append(np.zeros((height, width), bool))
                masks[-1][box] = inside
                free[box] &= (u / (long + 4)) ** 2 + (v / (across + 4)) ** 2 >= 1
                image[masks[-1]] = (40 + 7 * number % 200, 30 + 13 * number % 200, 50 + number)
        return image, masks

    return draw
