"""Candidates that were made already, on disk: a file each, by image, model and words; a damaged one is made again."""

import hashlib
import json
import re
import shutil
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from semsam_annotate.annotations.files import clear_unfinished, write_atomically
from semsam_annotate.api import Vocabulary
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.training.active.candidate import Candidate, Guess, Vector
from semsam_annotate.training.active.features import SEARCH

RECIPE = 2
"""Of what a candidate holds: raise it when that changes."""
_FOLDER = re.compile(r"(.+)-([0-9a-f]{12})")


class CandidateCache:
    """Files of one model ``version`` and one vocabulary in a folder that may be deleted at any time."""

    def __init__(self, folder: Path, version: str, words: Vocabulary) -> None:
        told = json.dumps([RECIPE, words.to_json(), SEARCH.to_json()], sort_keys=True)
        self.folder = folder / f"{version}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
        clear_unfinished(self.folder, seconds=60.0)

    def get(self, key: str) -> Candidate | None:
        """The candidate of an image; None when there is none, or its file is damaged."""
        try:
            plain = json.loads(self._path(key).read_bytes())
            vector, guesses = _vector(plain), tuple(_guess(row) for row in plain["guesses"])
            return Candidate(key, guesses, vector) if vector is not None and all(map(_sound, guesses)) else None
        except (OSError, *DAMAGED):
            return None

    def vector(self, key: str) -> Vector | None:
        """How an image looks, whether it was searched or merely looked at; None as with ``get``."""
        for path in (self._path(key), self._looks(key)):
            try:
                found = _vector(json.loads(path.read_bytes()))
            except (OSError, *DAMAGED):
                continue
            if found is not None:
                return found
        return None

    def put(self, one: Candidate) -> None:
        """Keep a candidate; a disk that refuses only costs time later."""
        self._write(self._path(one.key), {**_plain(one.vector), "guesses": [asdict(guess) for guess in one.guesses]})

    def put_vector(self, key: str, vector: Vector) -> None:
        """Keep how an image looks that was not searched."""
        self._write(self._looks(key), _plain(vector))

    def clear_others(self, versions: Collection[str]) -> None:
        """Take away what was found with other words or by models that are gone; ``versions``: those that are there."""
        for place in self.folder.parent.glob("*-*"):
            named, mine = _FOLDER.fullmatch(place.name), _FOLDER.fullmatch(self.folder.name)
            if named and mine and not (named[2] == mine[2] and named[1] in {*versions, mine[1]}):
                shutil.rmtree(place, ignore_errors=True)

    def _write(self, path: Path, plain: dict[str, Any]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(plain).encode())
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _looks(self, key: str) -> Path:
        return self.folder / f"{key}.looks.json"


def _plain(vector: Vector) -> dict[str, Any]:
    return {"vector": [round(float(value), 6) for value in vector]}


def _vector(plain: dict[str, Any]) -> Vector | None:
    vector = np.array(plain["vector"], np.float32)
    return vector if vector.ndim == 1 and np.isfinite(vector).all() else None


def _sound(guess: Guess) -> bool:
    shares = [share for _, share in (*guess.objects, *guess.parts)]
    return bool(np.isfinite([*guess.box, guess.score, guess.stability, guess.part, guess.rival, *shares]).all())


def _guess(row: dict[str, Any]) -> Guess:
    shares = {side: tuple((str(name), float(share)) for name, share in row[side]) for side in ("objects", "parts")}
    x0, y0, x1, y1 = (float(edge) for edge in row["box"])
    numbers = {name: float(row[name]) for name in ("score", "stability", "part", "rival")}
    return Guess(id=str(row["id"]), level=int(row["level"]), box=(x0, y0, x1, y1), **shares, **numbers)  # type: ignore[arg-type]
