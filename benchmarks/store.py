"""A project of a million masks: how long a person waits for it, and what an export holds in memory.

    python benchmarks/store.py --annotations 1000000 --images 50000 --out benchmarks/results/store.json

The project is written straight into the tables (nobody accepts a million masks here), with ladders, parts and events as
accepting makes them. Every figure is a median and the 95th percentile of many calls in one process.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from timing import machine

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.drafts import draft
from semsam_annotate.annotations.exports import FORMATS
from semsam_annotate.annotations.formats.listed import FURTHER
from semsam_annotate.annotations.image_states import Said
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.next_images import NextImage, NextImages, Review, write_next
from semsam_annotate.api import Ladder, Prompt, Proposal, encode_rle
from semsam_annotate.api.promotions import PACKAGED

HEIGHT, WIDTH = 480, 640
OBJECTS, PARTS, AUTHORS = ("car", "bus", "dog", "person"), ("wheel", "door", "head", "arm"), ("ann", "ben", "cem")
POOL = 256
"""Different ladders; a record takes one of them."""


def shapes() -> list[Ladder]:
    """Ladders of three discs around a point, with a ragged edge as masks have it."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    found = []
    for number in range(POOL):
        cy, cx, r = rng.uniform(40, HEIGHT - 40), rng.uniform(40, WIDTH - 40), rng.uniform(8, 40)
        angle = np.arctan2(y - cy, x - cx)
        edge = 1 + 0.1 * np.sin(7 * angle + number)
        masks = [np.hypot(y - cy, x - cx) < size * r * edge for size in (0.5, 1, 1.6)]
        made = [
            Proposal(
                id=f"{number}-{level}", model="tiny", score=float(rng.uniform(0.3, 1)), stability=0.9, level=level,
                box=(cx - r, cy - r, cx + r, cy + r), rle=encode_rle(mask),
                object_labels=[("car", 0.6), ("bus", 0.2)], part_labels=[("wheel", 0.5)],
            )
            for level, mask in zip((5, 3, 1), masks, strict=True)
        ]  # fmt: skip
        found.append(Ladder(made))
    return found


def rows(annotations: int, images: list[str], ladders: list[Ladder]) -> Iterator[tuple[Any, ...]]:
    """Rows of ``annotation`` in the order of its columns from ``id`` on."""
    rng = random.Random(0)
    texts = [(json.dumps(ladder[1].rle), json.dumps(ladder.to_json()), ladder[1].score) for ladder in ladders]
    prompt = json.dumps(Prompt(points=[(100, 100)]).to_json())
    last: dict[str, str] = {}
    for number in range(annotations):
        mask, ladder, score = texts[rng.randrange(POOL)]
        place = number * len(images) // annotations  # people annotate one image after the other
        sha, id = images[place], f"{number:08x}-0000-4000-8000-{rng.getrandbits(48):012x}"
        part = number % 3 > 0 and sha in last  # of an image's masks every third is an object, the next two its parts
        parent = last[sha] if part else None
        if not part:
            last[sha] = id
        day = f"2026-0{1 + number % 9}-1{number % 9}T10:00:00.{number % 10**6:06d}+00:00"
        yield (
            id, sha, "[]", mask, "part" if part else "object", OBJECTS[place % 4],
            PARTS[number % 4] if part else None, parent, None, 3, score, AUTHORS[number % 3], day, 4.2, 1, 0, ladder,
            1, prompt, "tiny", None, None, None, None, None,
        )  # fmt: skip


def generate(folder: Path, annotations: int, images: int) -> None:
    """Make the project; its image files are empty, since nothing here opens one."""
    names = [f"images/{number // 1000:03d}/{number:06d}.png" for number in range(images)]
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    Project.create(folder, objects=OBJECTS, parts=PARTS, images=[folder / "images"]).close()
    shas = [f"{number:064x}" for number in range(images)]
    with sqlite3.connect(folder / "annotations.sqlite") as base:
        base.execute("PRAGMA synchronous=OFF")
        rows_of = zip(shas, names, [HEIGHT] * images, [WIDTH] * images, strict=True)
        base.executemany("INSERT INTO image VALUES (?, ?, ?, ?)", rows_of)
        base.execute("INSERT INTO image_split SELECT sha256, 'train', NULL FROM image")
        places = ", ".join("?" * 25)
        base.executemany(f"INSERT INTO annotation VALUES (NULL, {places})", rows(annotations, shas, shapes()))
        base.execute("INSERT INTO event SELECT NULL, id, 'status', 'accepted', author, time, NULL FROM annotation")
        base.execute("INSERT INTO standing SELECT id, 'accepted', NULL FROM annotation")
        base.execute(
            "INSERT INTO tally SELECT i.sha256, count(a.id), count(a.score), coalesce(sum(a.score), 0), NULL, 1 "
            "FROM image i LEFT JOIN annotation a ON a.sha256 = i.sha256 GROUP BY i.sha256"
        )
        base.execute(
            "INSERT INTO image_state SELECT NULL, sha256, 'done', 'ann', '2026' FROM image WHERE rowid % 3 = 0"
        )
        base.execute("UPDATE tally SET said = 'done' WHERE sha256 IN (SELECT sha256 FROM image_state)")
    base.close()


def rank(folder: Path) -> None:
    """Write an order of all images, as ``semsam next`` does: proposals to review for the first twenty."""
    review = (Review((100.0, 100.0, 200.0, 200.0), "car", 0.5, 0.5),) * 5
    with Project.open(folder) as project:
        names = [path.relative_to(project.folder).as_posix() for path in project.images()]
        random.Random(0).shuffle(names)
        images = [
            NextImage(name, f"{int(Path(name).stem):064x}", 12.5, review if place < 20 else ())
            for place, name in enumerate(names)
        ]
        write_next(project.models, NextImages("foreground", PACKAGED, PACKAGED, "2026", tuple(images)))


def spread(
    work: Callable[[int], Any], rounds: int, before: Callable[[int], None] = lambda number: None
) -> dict[str, float]:
    """Milliseconds: median and 95th percentile; ``before``: what changed before each call, which is not timed."""
    taken = []
    for number in range(rounds):
        before(number)
        start = time.perf_counter()
        work(number)
        taken.append(1000 * (time.perf_counter() - start))
    return {"median": round(median(taken), 2), "p95": round(quantiles(taken, n=20)[-1], 2), "calls": rounds}


def waits(folder: Path, rounds: int) -> dict[str, Any]:
    """What a person waits for; the first list and the first queue of a process look through folders and tallies."""
    found: dict[str, Any] = {}
    start = time.perf_counter()
    project = Project.open(folder)
    found["open project"] = {"median": round(1000 * (time.perf_counter() - start), 2), "calls": 1}
    start = time.perf_counter()
    project.progress()
    found["first image list"] = {"median": round(1000 * (time.perf_counter() - start), 2), "calls": 1}
    refs = project.store.images()
    picks = random.Random(1).choices(refs, k=rounds)
    ladders = shapes()
    found["image open"] = spread(lambda number: project.store.annotations(image=picks[number]), rounds)
    found["accept"] = spread(lambda number: accept(project, picks[number], ladders[number % POOL]), rounds)

    def tell(said: Said) -> Callable[[int], None]:
        return lambda number: project.store.states.tell(picks[number], said)

    found["image list"] = spread(lambda _: project.progress(), rounds, before=tell("skipped"))
    start = time.perf_counter()
    project.queue()
    found["first next"] = {"median": round(1000 * (time.perf_counter() - start), 2), "calls": 1}
    found["next"] = spread(lambda _: project.queue()[0], rounds, before=tell("open"))
    found["undo"] = spread(lambda number: project.store.journal.undo(Desk(picks[number], (), "ann")), rounds)
    found["count"] = spread(lambda _: project.store.count(), 20)
    project.close()
    return found


def accept(project: Project, image: ImageRef, ladder: Ladder) -> None:
    record = draft(image, ladder[1], {"object": "car", "author": "ann", "ladder": ladder, "clicks": 1})
    project.store.journal.perform(Desk(image, (), "ann"), Deed("accepted car", accept=(record,)))


EXPORT = """
import json, sys, time
from pathlib import Path
from semsam_annotate.annotations import Project
sys.path.insert(0, sys.argv[4])
from timing import peak_megabytes
before, start = peak_megabytes(), time.perf_counter()
with Project.open(sys.argv[1]) as project:
    report = project.export(sys.argv[2], Path(sys.argv[3]))
size = sum(path.stat().st_size for path in (Path(sys.argv[3]), *Path(sys.argv[3]).rglob("*")) if path.is_file())
told = {"seconds": round(time.perf_counter() - start, 1), "cpu_seconds": round(time.process_time(), 1)}
told |= {"peak_mb": round(peak_megabytes()), "start_mb": round(before)}
print(json.dumps({**told, "masks": report.objects + report.parts, "file_mb": round(size / 2**20)}))
"""


def export(folder: Path, format: str) -> dict[str, Any]:
    """An export in a process of its own, whose peak of memory is that of the export; taken away afterwards."""
    out = folder / f"exported-{format}"
    command = [sys.executable, "-c", EXPORT, str(folder), format, str(out), str(Path(__file__).parent)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    shutil.rmtree(out, ignore_errors=True)
    out.unlink(missing_ok=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotations", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, default=Path("build/store-benchmark"), help="kept, and used again")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--formats", nargs="*", default=[*FORMATS, *FURTHER])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    folder = given.folder / f"{given.annotations}-{given.images}"
    if not (folder / "ready").exists():
        start = time.perf_counter()
        generate(folder, given.annotations, given.images)
        (folder / "ready").touch()
        print(f"generated in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    rank(folder)
    size = os.stat(folder / "annotations.sqlite").st_size
    result: dict[str, Any] = {"annotations": given.annotations, "images": given.images, "store_mb": round(size / 2**20)}
    result |= {"waits_ms": waits(folder, given.rounds), "exports": {}, "machine": machine()}
    for format in given.formats:
        write(given.out, result)  # an export takes minutes
        result["exports"][format] = export(folder, format)
    write(given.out, result)
    print(json.dumps(result, indent=1))


def write(path: Path | None, result: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
