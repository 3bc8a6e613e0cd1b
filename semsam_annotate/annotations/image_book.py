"""How far every image file of a project is, kept up to date by what has changed in its folders and in its store."""

import threading
from collections.abc import Iterable
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
            changed = {str(self._folder / tally.path): tally for tally in fresh}
            self._tallies |= changed
            if listed is not self._listed:
                self._listed = listed
                self._rows = [ImageProgress(path) for path in listed]
                self._places = {str(path): place for place, path in enumerate(listed)}
                changed = self._tallies
            self._follow(changed.items())
            return list(self._rows)

    def _follow(self, changed: Iterable[tuple[str, ImageTally]]) -> None:
        for name, tally in changed:
            place = self._places.get(name)
            if place is not None:
                path = self._rows[place].path
                self._rows[place] = ImageProgress(path, tally.state, tally.accepted, tally.score)
