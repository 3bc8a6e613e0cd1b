"""Looking at image files for a ranking: what was found before is taken from disk, known files are not decoded."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from semsam_annotate.annotations import Project, image_sha256, read_image
from semsam_annotate.api import BadInput, CancelToken, RgbImage
from semsam_annotate.training.active.cache import CandidateCache
from semsam_annotate.training.active.candidate import Candidate, Vector
from semsam_annotate.training.active.features import Looker, candidate, looks_like
from semsam_annotate.training.active.file_keys import FileKeys, state_of
from semsam_annotate.training.calibrating import read_calibration

FOLDER, KEYS = "next", "files.json"
"""Of candidates, among the project's embeddings; in it, what files were called."""
T = TypeVar("T")


class Looking:
    """Makes candidates of files, or has them already; ``skipped``: files that could not be read, with the reason."""

    def __init__(self, project: Project, engine: Looker, done: Callable[[int], None], cancel: CancelToken) -> None:
        self.words, self.engine, self.done, self.cancel = project.vocabulary(), engine, done, cancel
        self.version = engine.info.version
        self.cache = CandidateCache(project.embeddings / FOLDER, self.version, self.words)
        self.keys = FileKeys(project.embeddings / FOLDER / KEYS)
        self.calibration = read_calibration(project.models, self.version)
        self.looked, self.skipped = 0, list[tuple[Path, str]]()

    @contextmanager
    def remembering(self, paths: Collection[Path]) -> Iterator[None]:
        """What is learned meanwhile of these files is kept, however it ends."""
        try:
            yield
        finally:
            self.keys.save(paths)

    def candidates(self, paths: Sequence[Path], leave: Collection[str] = (), most: int = 0) -> dict[Path, Candidate]:
        """Of each file that can be read its candidate; ``leave``: sha256 of pixels that are none, ``most``: images at
        most, whose copies count once, 0 all."""
        found, keys = dict[Path, Candidate](), set[str]()
        for path, one in self._each(paths, self.cache.get, self._candidate, leave):
            found[path] = one.corrected(self.calibration)
            keys.add(one.key)
            if len(keys) == most:
                break
        return found

    def vectors(self, paths: Sequence[Path]) -> tuple[Vector, ...]:
        """Of each file that can be read how it looks, without a search through it."""
        return tuple(vector for _, vector in self._each(paths, self.cache.vector, self._vector))

    def _each(
        self,
        paths: Sequence[Path],
        kept: Callable[[str], T | None],
        made: Callable[[str, RgbImage], T],
        leave: Collection[str] = (),
    ) -> Iterator[tuple[Path, T]]:
        for path in paths:
            self.cancel.check()
            try:
                found = self._one(path, kept, made, leave)
            except _Swapped as error:
                raise BadInput(str(error)) from None
            except (BadInput, OSError) as error:
                found = None
                self.skipped.append((path, str(error)))
            self.looked += 1
            self.done(self.looked)
            if found is not None:
                yield path, found

    def _one(
        self,
        path: Path,
        kept: Callable[[str], T | None],
        made: Callable[[str, RgbImage], T],
        leave: Collection[str],
    ) -> T | None:
        """What there is of a file; None where its pixels are to be left out."""
        key, rgb = self.keys.get(path), None
        if key is None:
            key, rgb = self._read(path)
        if key in leave:
            return None
        found = kept(key)
        if found is None:
            key, rgb = self._read(path) if rgb is None else (key, rgb)
            found = made(key, rgb)
        return found

    def _read(self, path: Path) -> tuple[str, RgbImage]:
        before, rgb = state_of(path), read_image(path)
        key = image_sha256(rgb)
        self.keys.put(path, before, key)
        return key, rgb

    def _candidate(self, key: str, rgb: RgbImage) -> Candidate:
        found = candidate(self.engine, key, rgb, self.words, self.cancel)
        self._check()
        self.cache.put(found)
        return found

    def _vector(self, key: str, rgb: RgbImage) -> Vector:
        found = looks_like(self.engine, rgb, self.cancel)
        self._check()
        self.cache.put_vector(key, found)
        return found

    def _check(self) -> None:
        if self.engine.info.version != self.version:
            raise _Swapped("another model serves since images are ranked: rank them again")


class _Swapped(Exception):
    """Half of the images would be looked at by one model, half by another."""
