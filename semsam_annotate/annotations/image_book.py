"""How far every image file of a project is, kept up to date by what has changed in its folders and in its store."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from semsam_annotate.annotations.image_files import ImageFiles
from semsam_annotate.annotations.image_states import ImageProgress, ImageStates, ImageTally
from semsam_annotate.annotations.record import path_from


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
        self._folders: list[str] = []
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
            self._tallies |= {tally.path: tally for tally in fresh}
            if listed is self._listed:
                self._follow(fresh)
            else:
                self._begin(listed, entries)
            return list(self._rows)

    def _begin(self, listed: list[Path], entries: tuple[str, ...]) -> None:
        """Rows of another list of images."""
        self._listed = listed
        self._folders = [os.path.join(self._folder, entry) for entry in reversed(entries)]
        self._places = {str(path): place for place, path in enumerate(listed)}
        self._rows = [ImageProgress(path) for path in listed]
        self._follow(self._tallies.values())

    def _follow(self, tallies: Iterable[ImageTally]) -> None:
        for tally in tallies:
            place = self._place(tally.path)
            if place is not None:
                self._rows[place] = _row(self._listed[place], tally)

    def _place(self, recorded: str) -> int | None:
        """Of a recorded path in the list: from the project's folder, or else from a folder of images, the newest first.

        So are what an import calls its images. Joining tens of thousands as paths takes most of the first list.
        """
        name = recorded.replace("/", os.sep)
        place = self._places.get(os.path.join(self._folder, name))
        if place is not None:
            return place
        found = (self._places.get(os.path.join(folder, name)) for folder in self._folders)
        return next((place for place in found if place is not None and not self._has_own(place)), None)

    def _has_own(self, place: int) -> bool:
        """Whether a file in the list is recorded under its own path."""
        return path_from(self._folder, self._listed[place]) in self._tallies


def _row(path: Path, tally: ImageTally) -> ImageProgress:
    return ImageProgress(path, tally.state, tally.accepted, tally.score)
