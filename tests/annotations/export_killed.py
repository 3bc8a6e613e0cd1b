"""Exports that are killed at a random moment, for `test_export_kills.py`: FOLDER KILLS SEED; prints what was found."""

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.exports import FORMATS
from semsam_annotate.annotations.formats.listed import FURTHER
from semsam_annotate.api import encode_rle
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format

SIDE = 96
EVERY = {name: name for name in FORMATS} | FURTHER | {"label-studio": tasks_format()}
FOLDERS = {name for name, format in FURTHER.items() if format.folder}


def annotate(project, rng, number):
    """An image with an object in pieces, a part of it, and a split."""
    path = project.folder / "photos" / f"{number}.png"
    path.parent.mkdir(exist_ok=True)
    rgb = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(rgb).save(path)
    ref = project.ref(path, rgb)
    blobs = np.kron(rng.random((2, SIDE // 6, SIDE // 6)) > 0.5, np.ones((6, 6), bool))
    car = project.store.accept(ref, mask=encode_rle(blobs[0]), object="car", score=0.5)
    project.store.accept(ref, mask=encode_rle(blobs[1]), part="wheel", part_of=car.id)
    project.store.splits.assign(ref.sha256, ("train", "validation")[number % 2], None)


def content(path):
    """What is at a path, as one text; empty for nothing."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    digests = [
        f"{file.relative_to(path)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files if file.exists()
    ]
    return "\n".join(digests)


def killed_export(folder, name, out, after):
    """Export in another process and kill it; whether it had not ended by itself."""
    pid = os.fork()
    if pid == 0:
        try:
            with Project.open(folder / "project") as project:
                project.export(EVERY[name], out)
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def prepared(folder):
    """The project, exported before and after an image was added: by format how long that took, and both contents."""
    rng, took, whole = np.random.default_rng(0), {}, {}
    with Project.create(folder / "project") as project:
        for number in range(8):
            annotate(project, rng, number)
        for name, format in EVERY.items():
            project.export(format, folder / f"before-{name}")
        annotate(project, rng, 8)
        for name, format in EVERY.items():
            start = time.perf_counter()
            project.export(format, folder / f"after-{name}")
            took[name] = time.perf_counter() - start
            whole[name] = [content(folder / f"{when}-{name}") for when in ("before", "after")]
    assert all(before != after and before and after for before, after in whole.values())
    return took, whole


def hidden(folder):
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def swept(folder):
    """What the killed ones left goes with the next export to that place, once it is old enough to be abandoned."""
    for path in hidden(folder):
        os.utime(path, (time.time() - 7200,) * 2)
    for name in {path.name[1:].split(".")[0] for path in hidden(folder)}:
        format = next(known for known in sorted(EVERY, key=len, reverse=True) if f"-{known}" in name)
        shutil.rmtree(folder / name, ignore_errors=True)
        with Project.open(folder / "project") as project:
            project.export(EVERY[format], folder / name)
    assert hidden(folder) == []


def main(folder, kills, seed):
    took, whole = prepared(folder)
    rng, found, names = random.Random(seed), Counter(), sorted(EVERY)
    for number in range(kills):
        name = names[(number + seed) % len(names)]
        out = folder / (f"new-{name}-{number}" if name in FOLDERS else f"before-{name}")
        before = content(out)
        died = killed_export(folder, name, out, rng.uniform(0.005, 0.01 + 1.5 * took[name]))
        there = content(out)
        assert there in (before, whole[name][1]), f"{name}: half an export:\n{there}"
        assert content(folder / f"after-{name}") == whole[name][1], f"{name}: another export was damaged"
        found["killed"] += died
        found["kept" if there == before else "replaced"] += 1
        if name in FOLDERS:
            assert content(folder / f"before-{name}") == whole[name][0], f"{name}: an earlier export was damaged"
        else:
            (folder / f"before-{name}").write_bytes((folder / f"after-{name}").read_bytes()[: rng.randrange(1, 99)])
    found["unfinished"] = len(hidden(folder))
    swept(folder)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
