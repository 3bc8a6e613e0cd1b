"""The folder that a retraining computes in: what a killed one, or one put by, leaves there is gone on with."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.run import WORK
from semsam_annotate.annotations.retraining.writer import PutBy
from semsam_annotate.api import BadInput
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.training.config import TrainConfig, config_from_json
from semsam_annotate.training.retrain.settings import RetrainSettings

MOST_RESUMES = 3
"""Times that one fine-tuning is gone on with after a kill: what kills it may be the fine-tuning itself."""
_FREE = ("threads", "workers", "force", "hold", "keep", "pictures", "gate", "replay_scenes")
"""Settings that change nothing of what is learned."""


@dataclass(frozen=True)
class Begun:
    """A fine-tuning: from which version and settings, its configuration, the records in its pack and of how many images
    they are, how often it was gone on with since it was killed, and whether its model waits for a person (``hold``),
    whoever goes on with it."""

    parent: str
    asked: dict[str, Any]
    config: TrainConfig
    learned: tuple[str, ...]
    images: int
    resumed: int = 0
    hold: bool = False

    def write(self, work: Path) -> None:
        """Write it down, after the pack that it speaks of."""
        plain = {**asdict(self), "config": self.config.to_json()}
        write_atomically(work / "begun.json", json.dumps(plain).encode())

    @classmethod
    def read(cls, work: Path) -> "Begun | None":
        """What lies in a folder; None when there is nothing to go on with, or it cannot be read."""
        try:
            plain = json.loads((work / "begun.json").read_bytes())
            config, learned = config_from_json(plain["config"]), tuple(map(str, plain["learned"]))
            counts = int(plain["images"]), int(plain["resumed"])
            return cls(str(plain["parent"]), dict(plain["asked"]), config, learned, *counts, plain.get("hold") is True)
        except (OSError, BadInput, *DAMAGED):
            return None


@contextmanager
def work_folder(models: Path) -> Iterator[Path]:
    """The folder, taken away at the end unless the retraining is put by; a kill leaves it behind too."""
    folder = models / WORK
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except PutBy:
        begun = Begun.read(folder)
        if begun is not None:
            replace(begun, resumed=0).write(folder)
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def gone_on_with(work: Path, parent: str, asked: dict[str, Any], accepted: frozenset[str]) -> Begun | None:
    """What an interrupted fine-tuning left, when this one would do the same; else the folder is emptied.

    The same: from the same version, with the same settings, and every mask that it learns from is still accepted.
    """
    begun = Begun.read(work)
    if begun is not None and begun.resumed < MOST_RESUMES and accepted.issuperset(begun.learned):
        again = replace(begun, resumed=begun.resumed + 1)
        if (begun.parent, begun.asked) == (parent, asked):
            again.write(work)
            return again
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return None


def done_with(work: Path) -> None:
    """Nothing is left to go on with: said before the outcome is written, lest a kill between leaves both."""
    (work / "begun.json").unlink(missing_ok=True)


def asked_for(settings: RetrainSettings) -> dict[str, Any]:
    """The settings that what is learned hangs on, as plain JSON values."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    return {name: value for name, value in plain.items() if name not in _FREE}
