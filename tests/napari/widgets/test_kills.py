"""kill -9 of a window or its engine at any moment: no accepted mask is lost or doubled, the next window goes on."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from semsam_annotate.annotations import Annotation, AnnotationStore

STEPS = "select sha256, kind, gone, brought from journal order by seq"
WRITES = ("accept", "letter", "rename", "hang", "delete", "undo", "redo", "leaf")
"""Actions that write into the store."""
Line = dict[str, Any]


class Truth:
    """What the windows told so far, held against the store after every kill."""

    def __init__(self, folder: Path) -> None:
        self._store, self._steps = folder / "project" / "annotations.sqlite", 0
        self.masks: dict[str, dict[str, list[Any]]] = {}
        self.records: dict[str, Annotation] = {}
        self._saved: Line = {"file": [0, 0], "place": None}
        self._since_saved: set[str] = set()

    def hear(self, lines: list[Line]) -> None:
        """Take in what a window tells; it shows what was stored, and opens with what the one before had saved."""
        for line in lines:
            assert line["what"] != "refused", line
            if line["what"] == "stored":
                self._steps += 1
                self._change(line["picture"], line["out"], line["brought"])
            elif line["what"] == "saved":
                self._saved, self._since_saved = line, set()
            elif line["what"] == "opened":
                assert line["accepted"] == self._facts().get(line["picture"], {})
                self._compare_place(line)
            if "accepted" in line:
                assert _but_parents(line["accepted"]) == _but_parents(self.masks.get(line["picture"], {}))

    def check(self) -> None:
        """The store is sound, and holds what was told, or one step more, which the window had no time to tell."""
        with closing(sqlite3.connect(self._store)) as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
            assert database.execute("pragma foreign_key_check").fetchall() == []
            steps = database.execute(STEPS).fetchall()
        with AnnotationStore.open(self._store) as store:
            self.records = {record.id: record for record in store.annotations()}
        assert self._steps <= len(steps) <= self._steps + 1
        found = self._facts()
        for picture, kind, *ids in steps[self._steps :]:
            gone, brought = map(json.loads, reversed(ids) if kind == "undo" else ids)
            self._change(picture, gone, {id: found[picture][id] for id in brought})
        self._steps = len(steps)
        told = {picture: _but_parents(masks) for picture, masks in self.masks.items() if masks}
        assert {picture: _but_parents(masks) for picture, masks in found.items()} == told
        prompts = [str(record.prompt.to_json()) for record in self.records.values() if record.prompt is not None]
        assert len(set(prompts)) == len(prompts), "a mask was accepted twice"
        for record in self.records.values():
            assert record.part_of not in self.records or self.records[record.part_of].image == record.image

    def _facts(self) -> dict[str, dict[str, list[Any]]]:
        found: dict[str, dict[str, list[Any]]] = {}
        for record in self.records.values():
            facts = [record.object, record.part, record.part_of, record.mask["counts"]]
            found.setdefault(record.image.sha256, {})[record.id] = facts
        return found

    def _change(self, picture: str, gone: list[str], brought: dict[str, list[Any]]) -> None:
        kept = {id: facts for id, facts in self.masks.get(picture, {}).items() if id not in gone}
        self.masks[picture] = {**kept, **brought}
        self._since_saved |= set(brought)

    def _compare_place(self, opened: Line) -> None:
        """A window opens where the last one was when it saved, less what has been accepted or went since."""
        left, now = opened["left"]["place"], opened["place"]
        assert opened["left"]["file"][1] >= self._saved["file"][1]
        told = opened["left"]["file"] == self._saved["file"]
        if self._saved["place"] is None:
            return
        assert not told or left == self._saved["place"]
        assert now.pop("view") == pytest.approx(left.pop("view"))
        here = {id: record for id, record in self.records.items() if record.image.sha256 == left["sha256"]}
        left["selected"] = [id for id in left["selected"] if id in here]
        candidate, touched = left["candidate"], left["touched"]
        if candidate is not None and any(_asked(record) == candidate["prompt"] for record in here.values()):
            left["candidate"] = None  # it was accepted after that
            left["touched"] = touched if touched is not None and touched["target"] else None
        elif candidate is None and touched is not None and touched["target"] is None:
            drawn = [here[id] for id in self._since_saved if id in here and here[id].prompt is None and here[id].edits]
            left["touched"] = None if drawn else touched if told else now["touched"]
        if touched is not None and touched["target"] is not None and touched["target"] not in here:
            left["touched"] = None
        assert now == left


def _but_parents(masks: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {id: [object, part, pixels] for id, (object, part, _, pixels) in masks.items()}


def _asked(record: Annotation) -> Line | None:
    return None if record.prompt is None else record.prompt.to_json()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    """Address and token of an engine that outlives the windows."""
    command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--engine-only", "--exit-with-parent"]
    environment = {**os.environ, "SECRET": "of this test"}
    child = subprocess.Popen(
        [*command, "--port", "0", "--token-env", "SECRET"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    port = next(json.loads(line)["port"] for line in child.stdout if b'"ready"' in line)
    yield f"http://127.0.0.1:{port}", environment["SECRET"]
    child.kill()
    child.wait()


@pytest.mark.window
@pytest.mark.parametrize("kills", [7, pytest.param(150, marks=pytest.mark.stress)])
def test_windows_killed_at_any_moment_lose_and_double_nothing(nursery, server, tmp_path, kills):
    rng, truth = random.Random(kills), Truth(tmp_path)
    for seed in range(kills):
        nursery.open(seed, *server)
        if rng.random() > 0.1:  # else somewhere while it opens
            truth.hear(nursery.until(lambda line: line["what"] == "opened"))
        if rng.random() < 0.4:
            time.sleep(rng.uniform(0, 3))
        else:  # in the middle of something that is written
            for _ in range(rng.randint(1, 5)):
                truth.hear(nursery.until(lambda line: line["what"] == "begins" and line["action"] in WRITES))
            time.sleep(rng.uniform(0, 0.05))
        nursery.kill()
        truth.hear(nursery.new_lines())
        truth.check()


@pytest.mark.window
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.stress)])
def test_engines_killed_at_any_moment_are_replaced_and_answer(nursery, tmp_path, kills):
    rng, truth = random.Random(kills), Truth(tmp_path)
    for seed in range(0, kills, 5):
        nursery.open(seed)
        for number in range(min(5, kills - seed)):
            truth.hear(nursery.until_engine(nursery.engine))  # the first one dies while it starts, reads or answers
            if number:
                truth.hear(nursery.until(lambda line: (line["what"], line.get("action")) == ("did", "point")))
            time.sleep(rng.uniform(0, 3))
            os.kill(nursery.engine, signal.SIGKILL)
        truth.hear(nursery.until_engine(nursery.engine))
        truth.hear(nursery.until(lambda line: (line["what"], line.get("action")) == ("did", "point")))
        nursery.kill()
        truth.hear(nursery.new_lines())
        truth.check()
        ended = time.monotonic() + 20
        while is_running(nursery.engine):
            assert time.monotonic() < ended, "the engine outlives its window"
            time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Neither gone nor waiting for somebody to look at how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
