"""Which image of a data set a file belongs to: with the wrong folder, two names can end in the same one."""

from pathlib import Path

from semsam_annotate.training.data.entry import ImageEntry


class ImageNames:
    """Names of the images that were looked at so far, by their files."""

    def __init__(self) -> None:
        self._names: dict[tuple[Path, tuple[int, int] | None], str] = {}

    def other(self, entry: ImageEntry) -> str | None:
        """The name of an image before this one that has another name and the same file; None where there is none."""
        if entry.is_missing:
            return None
        first = self._names.setdefault((entry.path, entry.span), entry.named)
        return None if first == entry.named else first
