"""The protocol that the local and the remote engine share."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api.automatic import AutoSettings, Progress
from semsam_annotate.api.cancel import CancelToken
from semsam_annotate.api.prompt import Prompt
from semsam_annotate.api.proposal import Ladder, Proposal
from semsam_annotate.api.rle import Mask
from semsam_annotate.api.segmentation import Segmentation, Task
from semsam_annotate.api.tree import Tree
from semsam_annotate.api.vocabulary import Vocabulary

ALIKE = 0.65
"""Likeness of masks of one kind, as ``Engine.alike`` takes it unless told."""

RgbImage: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB, EXIF orientation already applied."""


@dataclass(frozen=True)
class Embedding:
    """Handle of an encoded image; the tensors stay with the engine.

    ``key``: of pixels, preprocessing and model version. ``size``: (height, width) of the image. ``model``: its version.
    """

    key: str
    size: tuple[int, int]
    model: str


@dataclass(frozen=True)
class EngineInfo:
    """What an engine is: ``capabilities`` names what it can do, such as "points", "box", "object_labels"."""

    name: str
    version: str
    device: str
    parameters: int
    capabilities: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "EngineInfo":
        """Back from ``to_json``."""
        return cls(**{**value, "capabilities": tuple(value["capabilities"])})


class Engine(Protocol):
    """Encodes an image once, then answers prompts on it."""

    @property
    def info(self) -> EngineInfo:
        """Name, version, device, number of parameters, capabilities."""
        ...

    def encode(self, image: RgbImage, cancel: CancelToken | None = None) -> Embedding:
        """Encode (H, W, 3) uint8 RGB; BadInput for any other shape or type, Cancelled once ``cancel`` is."""
        ...

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        """Masks for one prompt; StaleEmbedding when the handle's model is gone."""
        ...

    def propose_many(
        self,
        embedding: Embedding,
        prompts: Sequence[Prompt],
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Ladder]:
        """The same as one by one, to rounding (here and there a pixel), in one pass; Cancelled once ``cancel`` is."""
        ...

    def auto(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Tree:
        """Everything in the image, objects with their parts; Cancelled once ``cancel`` is.

        ``progress``: called with clicks done and, at most, to do.
        """
        ...

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary without a prompt: proposals, best first (instance, parts), or a label map."""
        ...

    def find(
        self,
        embedding: Embedding,
        text: str,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """Everything in the image, best first, ranked by how well a phrase names it: "car wheel", "left wheel"."""
        ...

    def alike(
        self,
        embedding: Embedding,
        example: Mask | Proposal,
        source: Embedding | None = None,
        threshold: float = ALIKE,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """What is like an example, best first: a (H, W) bool mask or a proposal of this image, or of ``source``.

        ``threshold``: least likeness, 0..1.
        """
        ...

    def remember(
        self,
        embedding: Embedding,
        mask: Mask | Proposal,
        object: str | None = None,
        part: str | None = None,
        *,
        id: str,
    ) -> None:
        """Let an accepted mask, (H, W) bool, name what looks like it from now on; ``id``: of its annotation record.

        The same id again replaces what was remembered. BadInput for an empty mask or one of another size.
        """
        ...

    def forget(self, ids: Iterable[str]) -> None:
        """Forget the masks of deleted or superseded records; unknown ids change nothing."""
        ...

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with ``known`` filled in."""
        ...

    def close(self) -> None:
        """Free memory and processes; calling it twice is fine."""
        ...
