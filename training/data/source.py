"""Where training photos come from: a pack or a folder of shards, either read at any place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.pack import Pack
from semsam_annotate.training.data.readers.shards import ShardSet
from semsam_annotate.training.data.record import Named, TrainingImage


class ImageSource(Protocol):
    """Images by their number, always the same under the same number; safe after a fork."""

    path: Path

    def __len__(self) -> int: ...

    def load(self, index: int) -> TrainingImage:
        """Decode an image and its masks."""

    def source(self, index: int) -> str:
        """Name of the data set that the image came from."""

    def names(self, index: int) -> Named:
        """Names of the image's masks, without its pixels."""

    def sha256(self) -> str:
        """Digest of the contents."""


def open_source(path: Path) -> ImageSource:
    """A pack file, or a folder of shards; BadInput for what is neither."""
    if not path.exists():
        raise BadInput(f"there is no pack and no folder of shards {path}")
    return ShardSet(path) if path.is_dir() else Pack(path)


def places(sources: list[ImageSource]) -> Iterator[tuple[ImageSource, int]]:
    """Every image of some sources."""
    return ((source, index) for source in sources for index in range(len(source)))
