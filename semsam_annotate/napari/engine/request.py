"""What is asked of an engine, and the way to one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from semsam_annotate.api import Engine, Prompt, RgbImage, Vocabulary


class EngineLink(Protocol):
    """The way to an engine, and to its end from another thread, even in the middle of a call."""

    @property
    def engine(self) -> Engine:
        """The running engine; starts or connects when it does not run (slow)."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether ``engine`` would answer at once."""
        ...

    def kill(self) -> None:
        """End it at once: a call that waits for it raises. Calling it twice is fine."""
        ...


@dataclass(frozen=True)
class Request:
    """What is wanted of the engine: encode ``image``, then, with a prompt or ``several``, propose, or find
    ``everything`` in it.

    ``ticket``: number that the answer carries. ``image_key``: names the pixels, so that they are encoded once.
    """

    ticket: int
    image_key: str
    image: RgbImage
    prompt: Prompt | None = None
    vocabulary: Vocabulary | None = None
    everything: bool = False
    several: tuple[Prompt, ...] = ()


@dataclass(frozen=True)
class Ahead:
    """A file that will likely be opened next."""

    path: Path


@dataclass(frozen=True)
class Glance:
    """A look at what a click would give: only if the image was read already, only when nothing else waits."""

    image_key: str
    prompt: Prompt
    vocabulary: Vocabulary | None = None
