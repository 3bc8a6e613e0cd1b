"""Servers, trainings and the processes that these start, killed at random moments: nothing acknowledged is lost."""

import copy
import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retrain_config import RetrainConfig
from semsam_annotate.annotations.retraining.run import runs
from semsam_annotate.api import encode_rle
from semsam_annotate.backend.label_studio.brush_rle import encode_brush
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry

SHORT, LONG = RetrainConfig(max_steps=2, threads=1), RetrainConfig(max_steps=10_000, threads=1)
GONE = 0
"""In place of a version: a deletion, which nothing undoes."""


@dataclass
class Truth:
    """What was sent of each annotation: versions, whether they were acknowledged."""

    sent: dict[int, dict[int, bool]] = field(default_factory=dict)

    def allowed(self, number: int) -> set[int]:
        """Versions that may be in the store; a webhook that nobody acknowledged may have come or not."""
        versions = self.sent[number]
        if versions.get(GONE):
            return {GONE}
        least = max((version for version, known in versions.items() if known), default=GONE)
        return {version for version in versions if version >= least or version == GONE} | ({least} - {GONE} or {GONE})

    def check(self, folder: Path) -> None:
        with Project.open(folder) as project:
            records = project.store.annotations()
        for number in self.sent:
            mine = [r for r in records if r.source.external_id.startswith(f"{number}/")]
            found = sorted(str(record.mask) for record in mine)
            fits = [v for v in self.allowed(number) if found == sorted(str(encode_rle(m)) for m in masks(number, v))]
            assert fits, f"annotation {number}: {len(found)} masks, sent {self.sent[number]}"
        assert {int(r.source.external_id.split("/")[0]) for r in records} <= self.sent.keys()


def masks(number: int, version: int) -> list[np.ndarray]:
    """Of a version; every other one has a second region."""
    boxes = [(number % 40 * 8, 20 + version), (350, 100 + version)][: version and 1 + version % 2]
    made = np.zeros((len(boxes), 480, 640), bool)
    for mask, (top, width) in zip(made, boxes, strict=True):
        mask[top : top + 60, number % 7 * 60 : number % 7 * 60 + width] = True
    return list(made)


@dataclass
class Annotator:
    """Sends webhooks: created, updated, deleted, late and twice."""

    created: dict
    deleted: dict
    pictures: list[str]
    rng: random.Random
    truth: Truth = field(default_factory=Truth)

    def send(self, urls: list[str], count: int) -> None:
        for _ in range(count):
            number, version = self._next()
            known = self._post(self.rng.sample(urls, len(urls)), self._body(number, version))
            versions = self.truth.sent.setdefault(number, {})
            versions[version] = versions.get(version, False) or known

    def _next(self) -> tuple[int, int]:
        """Mostly news; else what was sent before, or what should have come before it."""
        numbers, rng = list(self.truth.sent), self.rng
        if not numbers or rng.random() < 0.4:
            return len(numbers) + 1, rng.choice((1, 1, 2))
        number = rng.choice(numbers[-20:])
        newest = max(self.truth.sent[number])
        return number, rng.choice((newest + 1, newest + 2, newest, max(1, newest - 1), GONE))

    def _post(self, urls: list[str], body: dict) -> bool:
        """Label Studio itself asks nobody twice; a proxy in front of two servers does."""
        for url in urls[: self.rng.choice((1, 2))]:
            with suppress(httpx.HTTPError):
                answer = httpx.post(f"{url}/webhook", json=body, auth=("studio", "a-password"), timeout=30)
                assert answer.status_code == 201, answer.text
                return True
        return False

    def _body(self, number: int, version: int) -> dict:
        if version == GONE:
            return {**self.deleted, "project": self.created["project"], "annotations": [{"id": number}]}
        body = copy.deepcopy(self.created)
        body["action"] = "ANNOTATION_CREATED" if version == 1 else "ANNOTATION_UPDATED"
        body["task"]["data"] = {"image": self.pictures[number % len(self.pictures)]}
        made, template = body["annotation"], self.created["annotation"]["result"][0]
        made["id"], made["updated_at"] = number, f"2026-11-21T00:00:{version:02}.000000Z"
        made["result"] = [
            {**template, "id": f"r{place}", "value": {**template["value"], "rle": encode_brush(mask)}}
            for place, mask in enumerate(masks(number, version))
        ]
        return body


@pytest.fixture
def annotator(body_of, pictures):
    created, deleted = body_of("webhook_annotation_created_ui"), body_of("webhook_annotations_deleted")
    return Annotator(created, deleted, pictures, random.Random(3))


def trainer(nursery) -> int | None:
    """The process that trains."""
    return next(
        (pid for pid, line in nursery.alive().items() if " retrain " in line and parent(pid) != "trainer"), None
    )


def parent(pid: int) -> str:
    """ "trainer" for a process that a training started."""
    with suppress(OSError, IndexError):
        above = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        return "trainer" if b"retrain" in Path(f"/proc/{above}/cmdline").read_bytes() else ""
    return ""


def kill_training(nursery, rng) -> None:
    """The training, or a process that it started if there is one, half of the time."""
    pid = trainer(nursery)
    helpers = [other for other in nursery.alive() if parent(other) == "trainer"]
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(rng.choice([pid, rng.choice(helpers)]) if helpers else pid, signal.SIGKILL)


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.stress)])
def test_servers_and_trainings_killed_at_any_moment(nursery, annotator, project_folder, wait, kills):
    rng, toml = random.Random(kills), project_folder / "project.toml"
    write_config(toml, replace(read_config(toml), retrain=SHORT))
    servers = [nursery.open(), nursery.open()]
    for number in range(kills):
        sending = Thread(target=annotator.send, args=([server.url for server in servers], rng.randint(1, 8)))
        sending.start()
        if number % 4 == 0:
            servers[0].ask("POST", "/webhook", json={"action": "START_TRAINING", "project": {"id": 1}})
        time.sleep(rng.uniform(0, 0.6))
        if number % 4 == 3:
            time.sleep(rng.uniform(0, kills / 5))
            kill_training(nursery, rng)
        else:
            place = rng.randrange(2)
            nursery.kill(servers[place])
            servers[place] = nursery.open()
        sending.join()
    wait(lambda: not servers[0].status()["webhooks"]["pending"], 120)
    assert servers[0].status()["webhooks"]["failed"] == 0
    annotator.truth.check(project_folder)
    assert len(annotator.truth.sent) > kills
    train_again(nursery, servers[0], project_folder, wait, to_the_end=kills > 10)
    for server in servers:
        nursery.stop(server)
    wait(lambda: not nursery.alive(), 30)
    annotator.truth.check(project_folder)
    assert left_over(project_folder) == []


def train_again(nursery, server, folder, wait, to_the_end):
    """Whatever was killed, the next training starts, and the models are whole ones."""
    if not to_the_end:  # so long that it cannot end by itself before it is stopped
        write_config(folder / "project.toml", replace(read_config(folder / "project.toml"), retrain=LONG))
    while (old := trainer(nursery)) is not None:  # it may be about to fail of what was killed
        os.kill(old, signal.SIGKILL)
    wait(lambda: start(server), 60)
    wait(lambda: (pid := trainer(nursery)) and pid in [run.pid for run in runs(folder / "models")], 60)
    if not to_the_end:
        os.kill(trainer(nursery), signal.SIGTERM)
    wait(lambda: server.status()["training"]["state"] != "running", 900)
    ended = server.status()["training"]["last"]["ended"]
    assert ended == ("finished" if to_the_end else "stopped"), server.status()["training"]
    registry = ModelRegistry(folder / "models", packaged_weights())
    for version in (registry.active(), *registry.versions()):
        load_checkpoint(version.weights)


def start(server) -> bool:
    body = {"action": "START_TRAINING", "project": {"id": 1}}
    return server.ask("POST", "/webhook", json=body).json()["job"]["state"] == "started"


def left_over(folder: Path) -> list[Path]:
    """Files that were begun and never finished."""
    hidden = [path for path in folder.rglob(".*") if not path.name.endswith(".lock")]  # which whoever was killed let go
    return [*hidden, *folder.rglob("*.part"), *folder.rglob("*.tmp"), *folder.rglob("*-journal")]
