"""How long a click takes while the project's loop trains beside the server, and while nothing does.

    python benchmarks/loop.py [--clicks 200] [--pause 0.5] [--photos 40] [--minutes 4] [--out FILE]

A real ``semsam serve`` with the packaged weights and a project of generated scenes; a person who clicks on one photo
and now and then opens another. First alone; then ``semsam loop`` begins a training (``retrain_after``), and the same
goes on until as many clicks are answered or it ends. The bar: 95th percentile of a click at most twice that of the idle
server. On a machine that does other work too the figures say nothing: the load before is written down with them.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from serving import TOKEN, serving, spread
from subject import ROOT, photo
from timing import machine

import semsam_annotate as semsam
from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import write_config
from semsam_annotate.annotations.retraining.progress import ProgressReader
from semsam_annotate.annotations.retraining.run import runs
from semsam_annotate.api import encode_rle
from semsam_annotate.training.scenes import generate

BAR = 2.0
SIZE = (1632, 1224)
OPENED = 10
"""Clicks on a photo until the next one is opened."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/loop.json")
    given = parser.parse_args()
    found: dict[str, Any] = {"machine": machine(), "clicks": given.clicks, "pause": given.pause, "bar": BAR}
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project", given.photos, given.minutes)
        with serving(project, "--retrain-after", "0") as served:
            engine = semsam.load_engine(served.url, token=TOKEN)
            person = Person(engine, given.pause)
            person.work(5, lambda: True)
            found["idle"] = person.work(given.clicks, lambda: True)
            found["training"] = beside(project, person, given.clicks)
            engine.close()
    ratio = found["training"]["click"]["p95"] / found["idle"]["click"]["p95"]
    found["ratio"] = round(ratio, 2)
    print(f"{'ok ' if ratio <= BAR else 'OVER'} p95 of a click, training : idle = {ratio:.2f} (at most {BAR:g})")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def make_project(folder: Path, photos: int, minutes: float) -> Path:
    """A project with so many annotated scenes, which trains as soon as a loop looks at it."""
    with Project.create(folder) as project:
        for number in range(photos):
            scene = generate(number, 384)
            path = folder / f"scene{'abcdefghij'[number % 10]}-{number}.png"
            Image.fromarray(scene.image).save(path)
            ref = project.ref(path, scene.image)
            for index in np.flatnonzero([name is not None for name in scene.objects])[:8]:
                project.store.accept(ref, mask=encode_rle(scene.masks[index]), object=scene.objects[index])
        retrain = replace(project.config.retrain, minutes=minutes)
        write_config(folder / "project.toml", replace(project.config, retrain_after=1, retrain=retrain))
    return folder


class Person:
    """Clicks on a photo, and opens another after some clicks; the same photos in the same order."""

    def __init__(self, engine: semsam.Engine, pause: float) -> None:
        self._engine, self._pause, self._chance = engine, pause, random.Random(0)
        self._opened = 0

    def work(self, clicks: int, going: Callable[[], bool]) -> dict[str, Any]:
        """Milliseconds of so many clicks, and of opening photos, while ``going``."""
        taken: list[float] = []
        opened: list[float] = []
        while len(taken) < clicks and going():
            self._opened += 1
            pixels = np.roll(photo(*SIZE), 13 * self._opened, axis=1)
            begin = time.perf_counter()
            embedding = self._engine.encode(pixels)
            opened.append(1000 * (time.perf_counter() - begin))
            for _ in range(min(OPENED, clicks - len(taken))):
                time.sleep(self._pause)
                point = self._chance.uniform(0, SIZE[0] - 1), self._chance.uniform(0, SIZE[1] - 1)
                begin = time.perf_counter()
                self._engine.propose(embedding, semsam.Prompt(points=[point]))
                taken.append(1000 * (time.perf_counter() - begin))
        return {"click": spread(taken), "open": spread(opened)}


def beside(project: Path, person: Person, clicks: int) -> dict[str, Any]:
    """The same while ``semsam loop`` trains, and what the training did meanwhile."""
    command = [sys.executable, "-m", "semsam_annotate.cli", "loop", "--project", str(project), "--every", "1"]
    loop = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        marks = follow(project)
        while not any(mark.what == "training" for mark in marks()):
            assert loop.poll() is None, "the loop has ended"
            time.sleep(0.5)
        begun, ended = time.time(), project / "models/runs/0001/outcome.json"
        found = person.work(clicks, lambda: not ended.exists())
        steps = [mark for mark in marks() if mark.time > begun]
        return found | {"training ended": ended.exists(), "steps meanwhile": len(steps)}
    finally:
        loop.send_signal(signal.SIGTERM)
        loop.wait()
        while runs(project / "models") and runs(project / "models")[-1].outcome is None:
            time.sleep(0.5)


def follow(project: Path) -> Callable[[], list[Any]]:
    """Gives every mark of the project's last training, again and again."""

    def marks() -> list[Any]:
        found = runs(project / "models")
        return ProgressReader(found[-1].progress).new() if found else []

    return marks


if __name__ == "__main__":
    main()
