"""What every reader is: a sequence of images that are read when asked for."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from semsam_annotate.api import Vocabulary
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.problem import Problem


class DataSet(ABC):
    """The annotated images of a file or folder; only where they are is kept in memory."""

    format: ClassVar[str]
    """Name of the layout, for people and as the default ``source`` of an image."""
    problems: tuple[Problem, ...] = ()
    """Of the whole rather than of one image."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of images."""

    @abstractmethod
    def entry(self, index: int) -> ImageEntry:
        """Read the annotation of one image; what cannot be used is left out and named in ``ImageEntry.problems``."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Every name that its categories list; empty where names stand with the masks only."""
        return Vocabulary()

    def audit(self) -> Iterable[Problem]:
        """Problems that only reading every byte tells, for layouts with digests."""
        return ()

    def __iter__(self) -> Iterator[ImageEntry]:
        return (self.entry(index) for index in range(len(self)))
