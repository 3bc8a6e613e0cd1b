"""The image files that a project lists: folders looked through once, and again only when one of them has changed."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = frozenset(
    f".{end}" for end in ("png", "jpg", "jpeg", "tif", "tiff", "bmp", "gif", "webp", "jp2", "avif", "ppm")
)
"""Files of these endings in an image folder of a project are its images."""

_SETTLED = 2 * 10**9
"""Nanoseconds after which a folder's time of change tells every change: coarse clocks give two changes one time."""


def listed_images(folder: Path, entries: Iterable[str]) -> list[Path]:
    """Every image file that entries of a project in ``folder`` name, folders looked through with their sub-folders."""
    return ImageFiles(folder).all(tuple(entries))


class ImageFiles:
    """Image files of a project's folder, in a stable order; the same list object until something has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: tuple[str, ...] | None = None
        self._seen: dict[str, int] = {}
        self._found: list[Path] = []

    def all(self, entries: tuple[str, ...]) -> list[Path]:
        """The files; not to be changed by the caller."""
        if entries != self._entries or not self._unchanged():
            self._seen = {}
            found: dict[Path, None] = {}
            for entry in entries:
                path = self._folder / entry
                if path.is_dir():
                    found.update(dict.fromkeys(self._within(path)))
                else:
                    self._seen.setdefault(str(path.parent), _changed(str(path.parent)))
                    found[path] = None
            self._entries, self._found = entries, list(found)
        return self._found

    def _within(self, folder: Path) -> list[Path]:
        names: list[tuple[str, ...]] = []
        for here, _, files in os.walk(folder):
            self._seen[here] = _changed(here)
            inside = Path(here).relative_to(folder).parts
            names += [(*inside, file) for file in files if os.path.splitext(file)[1].lower() in SUFFIXES]
        return [folder.joinpath(*parts) for parts in sorted(names)]

    def _unchanged(self) -> bool:
        recent = time.time_ns() - _SETTLED
        return all(known < recent and _changed(path) == known for path, known in self._seen.items())


def _changed(folder: str) -> int:
    """Nanoseconds since 1970 at which files came to a folder or went from it; never, for one that is gone."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
