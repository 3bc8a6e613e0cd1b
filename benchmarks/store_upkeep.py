"""Looking after a project of a million masks: check, back up, merge, forget a person; seconds and memory of each.

    python benchmarks/store_upkeep.py --folder build/store-benchmark --out benchmarks/results/store_upkeep.json

The project is that of ``store.py``, made where it is missing, and stays as it is: what changes a store is done to a
project beside it, into which all of it was merged. Every step is a process of its own, so its peak of memory, too.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from store import AUTHORS, generate, write
from timing import machine, peak_megabytes

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.forgetting import forget
from semsam_annotate.annotations.upkeep.merging import merge


def checked(folder: Path) -> dict[str, Any]:
    """Nothing is wrong with the store."""
    with Project.open(folder) as project:
        return {"problems": len(check(project.store))}


def backed_up(folder: Path) -> dict[str, Any]:
    """A copy of the store, taken away afterwards."""
    out = folder.parent / "backup"
    with Project.open(folder) as project:
        copy = back_up(project, out)
    size = copy.stat().st_size
    shutil.rmtree(out)
    return {"file_mb": round(size / 2**20)}


def merged(folder: Path) -> dict[str, Any]:
    """All of it in a new project beside it."""
    with Project.create(beside(folder)) as project, Project.open(folder) as other:
        report = merge(project, other)
    return {"added": report.added, "doubles": report.doubles, "missing_files": report.missing_files}


def merged_again(folder: Path) -> dict[str, Any]:
    """Which changes nothing."""
    with Project.open(beside(folder)) as project, Project.open(folder) as other:
        report = merge(project, other)
    return {"added": report.added, "known": report.known}


def forgotten(folder: Path) -> dict[str, Any]:
    """A third of the masks are one person's."""
    with Project.open(beside(folder)) as project:
        found = forget(project, AUTHORS[0])
        return {**found.counts, "wiped": found.wiped, "problems": len(check(project.store))}


STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "check": checked,
    "back up": backed_up,
    "merge": merged,
    "merge again": merged_again,
    "forget and check": forgotten,
}


def beside(folder: Path) -> Path:
    """The project that is changed."""
    return folder.parent / f"{folder.name}-merged"


def step(name: str, folder: Path) -> None:
    """Do it here and print what it took."""
    before, start = peak_megabytes(), time.perf_counter()
    found = STEPS[name](folder)
    told = {"seconds": round(time.perf_counter() - start, 1), "cpu_seconds": round(time.process_time(), 1)}
    print(json.dumps({**told, "peak_mb": round(peak_megabytes()), "start_mb": round(before), **found}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, default=Path("build/store-benchmark"), help="kept, and used again")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    folder = given.folder / f"{given.annotations}-{given.images}"
    if given.step:
        step(given.step, folder)
        return
    if not (folder / "ready").exists():
        generate(folder, given.annotations, given.images)
        (folder / "ready").touch()
    shutil.rmtree(beside(folder), ignore_errors=True)
    result: dict[str, Any] = {"annotations": given.annotations, "images": given.images, "machine": machine()}
    for name in STEPS:
        command = [sys.executable, __file__, *sys.argv[1:], "--step", name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        result[name] = json.loads(done.stdout)
        write(given.out, result)
    shutil.rmtree(beside(folder))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
