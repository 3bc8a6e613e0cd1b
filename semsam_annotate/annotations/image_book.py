"""How far every image file of a project is, kept up to date by what has changed in its folders and in its store."""

import os
import threading
from pathlib import Path

from semsam_annotate.annotations.image_files import ImageFiles
from semsam_annotate.annotations.image_states import ImageProgress, ImageStates, ImageTally


class ImageBook:
    """A list that costs the number of images once, then what changed since; threads may share it."""

    def __init__(self, folder: Path, states: ImageStates) -> None:
        self._files = ImageFiles(folder)
        self._folder, self._states = folder, states
        self._tallies: dict[str, ImageTally] = {}
        self._change = 0
        self._listed: list[Path] = []
        self._rows: list[ImageProgress] = []
        self._places: dict[str, int] = {}
        self._lock = threading.Lock()

    def paths(self, entries: tuple[str, ...]) -> list[Path]:
        """Every image file of a project's ``entries``, in a stable order."""
        with self._lock:
            return list(self._files.all(entries))

    def rows(self, entries: tuple[str, ...]) -> list[ImageProgress]:
        """Every image file of a project's ``entries``, in the order of ``paths``."""
        with self._lock:
            listed = self._files.all(entries)
            self._change, fresh = self._states.since(self._change)
            changed = {self._name(tally.path): tally for tally in fresh}
            self._tallies |= changed
            if listed is self._listed:
                self._follow(changed)
            else:
                self._begin(listed)
            return list(self._rows)

    def _name(self, recorded: str) -> str:
        """A recorded path as ``paths`` writes it; joining tens of thousands as paths takes most of the first list."""
        return os.path.join(self._folder, recorded.replace("/", os.sep))

    def _begin(self, listed: list[Path]) -> None:
        """Rows of another list of images."""
        self._listed = listed
        self._places = {str(path): place for place, path in enumerate(listed)}
        self._rows = [_row(path, self._tallies.get(name)) for name, path in zip(self._places, listed, strict=True)]

    def _follow(self, changed: dict[str, ImageTally]) -> None:
        for name, tally in changed.items():
            place = self._places.get(name)
            if place is not None:
                self._rows[place] = _row(self._listed[place], tally)


def _row(path: Path, tally: ImageTally | None) -> ImageProgress:
    return ImageProgress(path) if tally is None else ImageProgress(path, tally.state, tally.accepted, tally.score)
