"""What an engine is taught besides requests: accepted masks to remember, deleted ones to forget."""

from dataclasses import dataclass
from typing import Protocol

from semsam_annotate.api import Embedding, Engine, RgbImage
from semsam_annotate.napari.state.accepted import AcceptedMask


class Lesson(Protocol):
    """``image_key`` and ``image``: pixels that must be encoded for it, None when none need be."""

    @property
    def image_key(self) -> str:
        """Names the pixels."""
        ...

    @property
    def image(self) -> RgbImage | None:
        """(H, W, 3) uint8."""
        ...

    def teach(self, engine: Engine, embedding: Embedding | None) -> None:
        """Tell the engine."""
        ...


@dataclass(frozen=True)
class Remember:
    """A mask was accepted, or restored."""

    image_key: str
    image: RgbImage | None
    mask: AcceptedMask

    def teach(self, engine: Engine, embedding: Embedding | None) -> None:
        """Let the engine remember it; a mask without a name teaches nothing."""
        if embedding is not None and (self.mask.object or self.mask.part):
            names = self.mask.object or None, self.mask.part or None
            engine.remember(embedding, self.mask.mask, *names, id=self.mask.id)


@dataclass(frozen=True)
class Forget:
    """A mask was deleted or replaced."""

    id: str
    image_key: str = ""
    image: RgbImage | None = None

    def teach(self, engine: Engine, embedding: Embedding | None) -> None:
        """Let the engine forget it."""
        engine.forget([self.id])
