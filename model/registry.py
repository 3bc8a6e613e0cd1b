"""The models of a project: versions side by side, one of them active, promotion by replacing one small file."""

import json
import math
import os
import re
import shutil
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semsam_annotate.api import BadInput
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.api.lock import held
from semsam_annotate.api.promotions import PACKAGED, Promotions
from semsam_annotate.model.checkpoints.weights import load_checkpoint

__all__ = ["PACKAGED", "ModelRegistry", "ModelVersion", "Overtaken"]

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


@dataclass(frozen=True)
class ModelVersion:
    """One version: its name in the registry, its weights, and what was written down of it."""

    version: str
    weights: Path
    notes: dict[str, Any]


class Overtaken(BadInput):
    """Somebody promoted another model, or went back to one, meanwhile."""


class ModelRegistry:
    """Versions under ``folder``; ``active.json`` names the active one and those before it.

    A version's folder appears in one rename, complete. Without a promotion the packaged weights are active.
    """

    def __init__(self, folder: Path, packaged: Path) -> None:
        self.folder, self.packaged = folder, packaged

    def versions(self) -> list[ModelVersion]:
        """The packaged version, then the project's own, oldest first; one whose notes are damaged has none."""
        places = [path.parent.name for path in self.folder.glob("*/weights.safetensors")]
        found = [self._listed(name) for name in places if _VERSION.fullmatch(name)]
        return [self.get(PACKAGED), *sorted(found, key=_made)]

    def get(self, version: str) -> ModelVersion:
        """A version by name; BadInput lists the known ones."""
        if version == PACKAGED:
            return ModelVersion(PACKAGED, self.packaged, {"name": "the weights that come with the package"})
        if not _VERSION.fullmatch(version) or not (self.folder / version / "weights.safetensors").is_file():
            known = ", ".join(item.version for item in self.versions())
            raise BadInput(f"there is no model version {version!r} in this project, known are {known}")
        return self._read(version)

    def active(self) -> ModelVersion:
        """The version that serves."""
        return self.get(self._history()[-1])

    def add(self, weights: Path, notes: dict[str, Any]) -> ModelVersion:
        """Copy weights in as a new version, not yet active; BadInput when they cannot be loaded.

        Weights that are there already keep their place, which may be serving, and get the new notes.
        """
        version = load_checkpoint(weights)[2]
        place = self.folder / version
        partial = self.folder / f".{version}.{os.getpid()}.part"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            shutil.copyfile(weights, partial / "weights.safetensors")
            written = {**notes, "created": self._later()}
            (partial / "notes.json").write_text(json.dumps(written, indent=1), encoding="utf-8")
            if place.exists():
                for file in partial.iterdir():
                    os.replace(file, place / file.name)
            else:
                os.replace(partial, place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return self._read(version)

    def promote(self, version: str, over: str | None = None) -> ModelVersion:
        """Make a version active, in one step; BadInput when its weights cannot be loaded.

        Promoting the active version changes nothing, so that a rollback always leads to another one. ``over``: the
        version that it was compared with; Overtaken, and nothing is changed, when another one is active by now.
        """
        chosen = self._sound(version)
        with self._alone():
            history = self._history()
            if over is not None and history[-1] != over:
                raise Overtaken(f"{history[-1]} serves by now, not {over}, which {version} was compared with")
            if history[-1] != version:
                self._write_history([*history, version])
        return chosen

    def rollback(self) -> ModelVersion:
        """Make the version before the active one active again; BadInput, and nothing is changed, when it is gone or
        damaged."""
        self._earlier()
        with self._alone():
            history = self._earlier()
            chosen = self._sound(history[-2])
            self._write_history(history[:-1])
        return chosen

    def prune(self, keep: int) -> list[str]:
        """Take away all but the ``keep`` newest versions, 0 none; the names of those that are gone.

        The active version and the one that a rollback leads to stay, and so does the packaged one. The history is
        shortened first, so that no rollback ever leads to a version that is gone.
        """
        if not keep:
            return []
        with self._alone():
            history = self._history()
            own = [item.version for item in self.versions()[1:]]
            staying = {*own[-keep:], *history[-2:], PACKAGED}
            if any(version not in staying for version in history):
                kept = [version for version in history if version in staying]
                self._write_history(
                    [version for version, after in zip(kept, [*kept[1:], ""], strict=True) if version != after]
                )
        gone = [version for version in own if version not in staying]
        for version in gone:
            shutil.rmtree(self.folder / version, ignore_errors=True)
            for left in (*self.folder.glob(f"prototypes/{version}*.sqlite*"), *self._calibration(version)):
                left.unlink(missing_ok=True)
        return gone

    def _calibration(self, version: str) -> list[Path]:
        return [self.folder / "calibration" / f"{version}.{ending}" for ending in ("json", "png")]

    def _alone(self) -> AbstractContextManager[None]:
        """Hold the list of promotions: what is read is what is changed."""
        return held(self.folder / ".promote.lock", f"another process promotes a model in {self.folder} now: try again")

    def _earlier(self) -> list[str]:
        """The history, which leads back to another version."""
        history = self._history()
        if len(history) < 2:
            raise BadInput("there is no earlier model to go back to: nothing was promoted yet")
        return history

    def _sound(self, version: str) -> ModelVersion:
        """A version whose weights can be loaded, else BadInput."""
        chosen = self.get(version)
        load_checkpoint(chosen.weights)
        return chosen

    def _later(self) -> float:
        """Now, and later than every version that is there, should the clock have been set back."""
        created = [time.time()]
        for path in self.folder.glob("*/notes.json"):
            with suppress(BadInput, *DAMAGED):
                created.append(_made(self._read(path.parent.name)) + 1e-3)
        return max(created)

    def _read(self, version: str) -> ModelVersion:
        place = self.folder / version
        notes = place / "notes.json"
        try:
            content = dict(json.loads(notes.read_text(encoding="utf-8"))) if notes.is_file() else {}
        except DAMAGED as error:
            raise BadInput(f"{notes} is damaged: {error}") from error
        return ModelVersion(version, place / "weights.safetensors", content)

    def _listed(self, version: str) -> ModelVersion:
        try:
            return self._read(version)
        except BadInput:
            return ModelVersion(version, self.folder / version / "weights.safetensors", {})

    def _history(self) -> list[str]:
        return Promotions(self.folder).history()

    def _write_history(self, history: list[str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = Promotions(self.folder).file
        partial = file.with_name(f"{file.name}.{os.getpid()}.part")
        try:
            partial.write_text(json.dumps({"promoted": history[1:]}), encoding="utf-8")
            with partial.open("rb+") as written:
                os.fsync(written.fileno())  # or a power cut may leave an empty list
            os.replace(partial, file)
        finally:
            partial.unlink(missing_ok=True)


def _made(version: ModelVersion) -> float:
    """When, in seconds since 1970; 0 where its notes do not say it."""
    try:
        made = float(version.notes.get("created", 0))
    except DAMAGED:
        return 0.0
    return made if math.isfinite(made) else 0.0
