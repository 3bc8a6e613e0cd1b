"""Thumbnails of a project's images by their sha256, kept in one file that may be deleted at any time."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.likeness import SIDE, Thumbnail, thumbnail
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.api import BadInput, RgbImage

FILE = "thumbnails.npz"


class Fingerprints:
    """Of a project; ``save`` writes what was added."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._path = project.embeddings / FILE
        self._known = _read(self._path)
        self._stale = False

    def add(self, ref: ImageRef, rgb: RgbImage) -> None:
        """Of an image whose (H, W, 3) uint8 pixels somebody has read."""
        if ref.sha256 not in self._known:
            self._known[ref.sha256] = thumbnail(rgb)
            self._stale = True

    def of(self, refs: Iterable[ImageRef]) -> dict[str, Thumbnail]:
        """Thumbnails by sha256, of images that are not known yet by reading them; those that are gone left out."""
        found = {}
        for ref in refs:
            try:
                if ref.sha256 not in self._known:
                    self.add(ref, self._project.read(ref))
            except BadInput:
                continue
            found[ref.sha256] = self._known[ref.sha256]
        return found

    def save(self) -> None:
        """Write it down if anything is new."""
        if self._stale:
            content = io.BytesIO()
            names = np.array(list(self._known), dtype="S64")
            np.savez(content, names=names, thumbnails=np.stack(list(self._known.values())))
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, content.getvalue())
            self._stale = False


def _read(path: Path) -> dict[str, Thumbnail]:
    """None of them when there is no file, or it is damaged: then they are made anew."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found: Mapping[str, np.ndarray] = file
            names, thumbnails = found["names"], found["thumbnails"]
    except Exception:  # of damaged archives numpy, zipfile and tokenize raise whatever they come upon
        return {}
    if names.dtype != np.dtype("S64") or thumbnails.dtype != np.uint8 or thumbnails.shape != (len(names), SIDE, SIDE):
        return {}
    return {name.decode("ascii", "replace"): one for name, one in zip(names, thumbnails, strict=True)}
