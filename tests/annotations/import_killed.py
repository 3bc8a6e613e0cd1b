"""Imports that are killed at a random moment, for `test_export_kills.py`: FOLDER KILLS SEED; prints what was found."""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import encode_rle
from semsam_annotate.cli.importing import read_any


def written(folder):
    """A folder for datasets: 6 images, 12 objects with a part each."""
    rng = np.random.default_rng(0)
    with Project.create(folder / "source") as project:
        for number in range(6):
            path = folder / "photos" / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (48, 48, 3), np.uint8)).save(path)
            ref = project.ref(path, np.asarray(Image.open(path)))
            for _ in range(12):
                car = project.store.accept(ref, mask=encode_rle(rng.random((48, 48)) > 0.5), object="car")
                project.store.accept(ref, mask=encode_rle(rng.random((48, 48)) > 0.5), part="wheel", part_of=car.id)
        project.add_images([folder / "photos"])
        project.export("datasets", folder / "out")
        return project.store.count()


def killed_import(content, project, after):
    pid = os.fork()
    if pid == 0:
        try:
            with Project.open(project) as opened:
                opened.take_in(content)
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def main(folder, kills, seed):
    rng, found, everything = random.Random(seed), Counter(), written(folder)
    content = read_any("auto", folder / "out", None, folder)
    with Project.create(folder / "timed") as project:
        start = time.perf_counter()
        project.take_in(content)
        took = time.perf_counter() - start
    for number in range(kills):
        new = folder / f"new-{number}"
        Project.create(new).close()
        found["killed"] += killed_import(content, new, rng.uniform(0, 1.5 * took))
        with Project.open(new) as project:
            there = project.store.count()
            assert there in (0, everything), f"half an import: {there} of {everything}"
            assert len(project.store.images()) == (6 if there else 0)
            found["nothing" if there == 0 else "everything"] += 1
            assert project.take_in(content).added == everything - there
            assert [item.name for item in project.config.objects] == ["car"]
            assert len(project.images()) == 6
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
