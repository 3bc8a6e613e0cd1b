"""The folder of a run: configuration, names, data hashes, state, metrics, weights: all that repeating it takes."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import read_header
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.config import GuardConfig, ParallelConfig, TrainConfig, WatchConfig, config_from_json
from semsam_annotate.training.data.record import Named
from semsam_annotate.training.data.source import open_source, places
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.scenes import generate

NAMED_SCENES = 300
"""Scenes that are looked at to list and count their names; every family occurs in far fewer."""


class RunFolder:
    """Files of one run; a run continues in its folder only with the configuration that it began with."""

    def __init__(self, folder: Path, config: TrainConfig) -> None:
        self.folder, self.config = folder, config
        if self._path("run.json").exists():
            self._check_same()
            self.names = _names_from_json(self._read("run.json")["names"])
            return
        self.names = NameIndex.count(chain(*(_pack_names(path) for path in config.data.packs), _scene_names(config)))
        began = {"config": config.to_json(), "from": start_version(config), "data": data_hashes(config)}
        folder.mkdir(parents=True, exist_ok=True)
        self._write("run.json", {**began, "names": vars_of(self.names)})

    @property
    def state(self) -> Path:
        """Resumable state."""
        return self._path("state.safetensors")

    @property
    def weights(self) -> Path:
        """Weights of the last checkpoint, in half precision."""
        return self._path("weights.safetensors")

    @property
    def live(self) -> Path:
        """Folder of the live page."""
        return self._path("live")

    def record(self, row: dict[str, Any]) -> None:
        """Append a line of metrics."""
        self._append("metrics.jsonl", row)

    def report(self, row: dict[str, Any]) -> None:
        """Append a line of a step that was left out."""
        self._append("troubles.jsonl", row)

    def validated(self, row: dict[str, Any]) -> None:
        """Append a line of validation scores."""
        self._append("validation.jsonl", row)

    def validation(self) -> list[dict[str, Any]]:
        """Validation scores so far."""
        return self._rows("validation.jsonl")

    def troubles(self) -> list[dict[str, Any]]:
        """Steps that were left out so far."""
        return self._rows("troubles.jsonl")

    def metrics(self) -> list[dict[str, Any]]:
        """Lines of metrics so far; of a step that was done twice, after a kill, the later one."""
        return self._rows("metrics.jsonl")

    def description(self) -> dict[str, Any]:
        """Configuration, weights begun from, data, for the checkpoint's card; weights travel, so no folder is named."""
        content = self._read("run.json")
        config = content["config"]
        packs = [Path(pack).name for pack in config["data"]["packs"]]
        told = {**config, "model": Path(config["model"]).name, "data": {**config["data"], "packs": packs}}
        return {"config": told, "from": content.get("from"), "data": content["data"]}

    def _check_same(self) -> None:
        began = config_from_json(self._read("run.json")["config"])
        if _fixed(began) != _fixed(self.config):
            raise BadInput(f"{self.folder} holds a run with another configuration; choose an empty folder with --out")

    def _append(self, name: str, row: dict[str, Any]) -> None:
        with self._path(name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _rows(self, name: str) -> list[dict[str, Any]]:
        path = self._path(name)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = {row["step"]: row for row in map(_row, lines) if row is not None}
        return [rows[step] for step in sorted(rows)]

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _read(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._path(name).read_text(encoding="utf-8"))
        return content

    def _write(self, name: str, content: dict[str, Any]) -> None:
        partial = self._path(f"{name}.part")
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
        os.replace(partial, self._path(name))


def _row(line: str) -> dict[str, Any] | None:
    """A line of metrics; None for one that a kill cut short, which may have run into the next."""
    try:
        row: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return row


def data_hashes(config: TrainConfig) -> dict[str, Any]:
    """File name, size and digest of every pack or folder of shards."""
    packs = [open_source(Path(path)) for path in config.data.packs]
    return {pack.path.name: {"images": len(pack), "sha256": pack.sha256()} for pack in packs}


def start_version(config: TrainConfig) -> str | None:
    """Version of the weights that a run begins with; None when it begins from scratch."""
    weights = starting_weights(config)
    return None if weights is None else read_header(weights)["version"]


def starting_weights(config: TrainConfig) -> Path | None:
    """The checkpoint file that a run begins with; None when it begins from scratch."""
    if config.model == "default":
        return packaged_weights()
    return Path(config.model) if config.model.endswith(".safetensors") else None


def vars_of(names: NameIndex) -> dict[str, list[Any]]:
    """The index as plain JSON values."""
    return {key: list(getattr(names, key)) for key in ("objects", "parts", "object_counts", "part_counts")}


def _names_from_json(value: dict[str, list[Any]]) -> NameIndex:
    return NameIndex(**{key: tuple(items) for key, items in value.items()})


def _fixed(config: TrainConfig) -> TrainConfig:
    """What may not change while a run goes on; how long, on what, and how closely it is watched may."""
    schedule = replace(config.schedule, steps=0, accumulate=1)
    free = replace(config, parallel=ParallelConfig(), guard=GuardConfig(), watch=WatchConfig(), schedule=schedule)
    return replace(free, workers=0, threads=0, checkpoint_every=0, activation_checkpointing=False)


def _pack_names(path: str) -> Iterator[Named]:
    return (pack.names(index) for pack, index in places([open_source(Path(path))]))


def _scene_names(config: TrainConfig) -> Iterator[Named]:
    count = NAMED_SCENES if config.data.scenes else 0
    return (generate(seed, 128, config.data.scene_family) for seed in range(count))
