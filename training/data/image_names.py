"""Images of a data set whose names end in one file."""

from semsam_annotate.annotations.named_files import NamedFiles
from semsam_annotate.training.data.entry import ImageEntry


class ImageNames:
    """Names of the images that were looked at so far, by their files."""

    def __init__(self) -> None:
        self._files = NamedFiles()

    def other(self, entry: ImageEntry) -> str | None:
        """The name of an image before this one that has another name and the same file; None where there is none."""
        return None if entry.is_missing else self._files.other((entry.path, entry.span), entry.named)
