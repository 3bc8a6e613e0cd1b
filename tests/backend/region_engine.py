"""A deterministic engine for tests of the wire: regions of one colour under the click."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import ndimage

from semsam_annotate.api import (
    AutoSettings,
    BadInput,
    CancelToken,
    Embedding,
    EngineInfo,
    Ladder,
    Progress,
    Prompt,
    Proposal,
    Segmentation,
    StaleEmbedding,
    Task,
    Tree,
    TreeNode,
    Vocabulary,
    segments_of,
)


class RegionEngine:
    """Flood fill around the first positive point; keeps every image it saw, counts its encodings."""

    def __init__(self) -> None:
        self.images: dict[str, np.ndarray] = {}
        self.encodings = 0
        self.closed = False
        self.remembered: dict[str, tuple[bytes, str | None, str | None]] = {}

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("regions", "regions-1", "cpu", 0, ("points", "box", "object_labels", "part_labels"))

    def encode(self, image: np.ndarray, cancel: CancelToken | None = None) -> Embedding:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BadInput("not an image")
        self.encodings += 1
        key = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
        self.images[key] = image
        return Embedding(key, image.shape[:2], "regions-1")

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        if embedding.key not in self.images:
            raise StaleEmbedding("gone")
        image = self.images[embedding.key].astype(int)
        prompt.check_inside(*image.shape[:2])
        x, y = self._seed(prompt, *image.shape[:2])
        proposals: list[Proposal] = []
        for level, tolerance in zip(range(6, 0, -1), (4, 12, 30, 60, 120, 800), strict=True):
            close = np.abs(image - image[y, x]).sum(axis=2) <= tolerance
            mask = ndimage.label(close)[0]
            mask = mask == mask[y, x]
            if not proposals or mask.sum() > proposals[-1].area:
                proposals.append(self._proposal(mask, level, vocabulary or Vocabulary()))
        return Ladder(proposals)

    @staticmethod
    def _seed(prompt: Prompt, height: int, width: int) -> tuple[int, int]:
        if 1 in prompt.labels:
            x, y = prompt.points[prompt.labels.index(1)]
        elif prompt.box is None:  # strokes, a mask or a word alone: it knows no more of these than that they came
            x, y = prompt.scribble[0].points[0] if prompt.scribble else (width / 2, height / 2)
        else:
            x0, y0, x1, y1 = prompt.box
            x, y = (max(x0, 0) + min(x1, width)) / 2 - 0.5, (max(y0, 0) + min(y1, height)) / 2 - 0.5
        return min(max(round(x), 0), width - 1), min(max(round(y), 0), height - 1)

    @staticmethod
    def _proposal(mask: np.ndarray, level: int, words: Vocabulary) -> Proposal:
        rows, columns = np.nonzero(mask)
        return Proposal(
            id=f"p{level}",
            model="regions-1",
            score=0.9 - 0.1 * abs(level - 3),
            stability=0.9,
            level=level,
            box=(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1),
            mask=mask,
            part_probability=level / 7,
            object_labels=[(name, 0.9 / len(words.objects)) for name in words.objects],
            part_labels=[(name, 0.9 / len(words.parts)) for name in words.parts],
        )

    def propose_many(
        self,
        embedding: Embedding,
        prompts: Sequence[Prompt],
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Ladder]:
        return [self.propose(embedding, prompt, vocabulary) for prompt in prompts]

    def auto(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Tree:
        height, width = embedding.size
        ladder = self.propose(embedding, Prompt([((width - 1) // 2, (height - 1) // 2)]), vocabulary)
        root = TreeNode(ladder[-1])
        if len(ladder) > 1:
            TreeNode(ladder[0], root)
        return Tree([root])

    def segment(self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"):
        ladder = self.propose(embedding, Prompt([(0, 0)]), vocabulary)
        if task in ("instance", "parts"):
            return list(ladder)
        if not vocabulary.objects:
            raise BadInput(f"the task {task} needs object names in the vocabulary")
        labels = ladder[0].mask.astype(np.int32)
        return Segmentation(labels, segments_of(labels, [(1, vocabulary.objects[0], 0.5)]))

    def find(
        self, embedding: Embedding, text: str, vocabulary: Vocabulary | None = None, cancel: CancelToken | None = None
    ) -> list[Proposal]:
        words = vocabulary or Vocabulary([text])
        return [node.proposal for node in self.auto(embedding, words)]

    def alike(
        self,
        embedding: Embedding,
        example: np.ndarray | Proposal,
        source: Embedding | None = None,
        threshold: float = 0.65,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """By overlap in place, whichever image the example is from."""
        mask = example.mask if isinstance(example, Proposal) else example
        if mask.shape != (source or embedding).size:
            raise BadInput("the example is not of its image's size")
        found = [node.proposal for node in self.auto(embedding, vocabulary)]
        return [one for one in found if (one.mask & mask).sum() / (one.mask | mask).sum() >= threshold]

    def remember(
        self,
        embedding: Embedding,
        mask: np.ndarray | Proposal,
        object: str | None = None,
        part: str | None = None,
        *,
        id: str,
    ) -> None:
        if embedding.key not in self.images:
            raise StaleEmbedding("gone")
        pixels = mask.mask if isinstance(mask, Proposal) else mask
        self.remembered[id] = (pixels.tobytes(), object, part)

    def forget(self, ids: Iterable[str]) -> None:
        for id in ids:
            self.remembered.pop(id, None)

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        return Vocabulary(vocabulary.objects, vocabulary.parts, known=vocabulary.objects)

    def close(self) -> None:
        self.closed = True
