"""Candidates that were made already, on disk: a file each, by image, model and words; a damaged one is made again."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from semsam_annotate.annotations.files import clear_unfinished, write_atomically
from semsam_annotate.api import Vocabulary
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.training.active.candidate import Candidate, Guess
from semsam_annotate.training.active.features import SEARCH

RECIPE = 2
"""Of what a candidate holds: raise it when that changes."""


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
            vector = np.array(plain["vector"], np.float32)
            if vector.ndim != 1 or not np.isfinite(vector).all():
                return None
            guesses = tuple(_guess(row) for row in plain["guesses"])
            return Candidate(key, guesses, vector) if all(map(_sound, guesses)) else None
        except (OSError, *DAMAGED):
            return None

    def put(self, one: Candidate) -> None:
        """Keep a candidate; a disk that refuses only costs time later."""
        vector = [round(float(value), 6) for value in one.vector]
        plain = {"vector": vector, "guesses": [asdict(guess) for guess in one.guesses]}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path(one.key), json.dumps(plain).encode())
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def _sound(guess: Guess) -> bool:
    shares = [share for _, share in (*guess.objects, *guess.parts)]
    return bool(np.isfinite([*guess.box, guess.score, guess.stability, guess.part, guess.rival, *shares]).all())


def _guess(row: dict[str, Any]) -> Guess:
    shares = {side: tuple((str(name), float(share)) for name, share in row[side]) for side in ("objects", "parts")}
    x0, y0, x1, y1 = (float(edge) for edge in row["box"])
    numbers = {name: float(row[name]) for name in ("score", "stability", "part", "rival")}
    return Guess(id=str(row["id"]), level=int(row["level"]), box=(x0, y0, x1, y1), **shares, **numbers)  # type: ignore[arg-type]
