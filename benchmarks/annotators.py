"""How long annotators in Label Studio wait for the masks of a click, measured where the server answers.

    python benchmarks/annotators.py [--images 20] [--minutes 30] [--many 0] [--out FILE]

A real ``semsam serve`` with the packaged weights and an empty project; each image is a photo of its own, as a JPEG
from a server that stands in for Label Studio's. One annotator on photos of 2 and of 12 megapixels, then eight of them,
ten seconds between one's clicks, 30 % on a photo that nobody has seen, which leaves a submitted annotation of the last
one behind; in five slices of the time, with the memory that the server holds. ``--many``: so many small photos, one
click each.
"""

import argparse
import io
import json
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from PIL import Image
from serving import AUTH, Served, images, serving, spread
from subject import ROOT, photo
from timing import machine

CAPTURES = ROOT / "tests/backend/captures"
CAPTURE, CREATED = (
    CAPTURES / f"{name}.json" for name in ("predict_interactive_three_points", "webhook_annotation_created_ui")
)
BARS = {
    "12 MP": {"new": 1500, "warm": 500},
    "2 MP": {"warm": 120},
    "eight annotators": {"new": {"p95": 4000}, "warm": {"p95": 400}},
}
SIZES = {"2 MP": (1632, 1224), "12 MP": (4000, 3000), "small": (640, 480)}
LATER, SLICES = 5, 5
PEOPLE, PAUSE, NEW = 8, 10.0, 0.3


class Taken(NamedTuple):
    """Milliseconds that a click on a "new" or "warm" photo took, or a webhook; ``at``: seconds of the run."""

    what: str
    at: float
    ms: float


@dataclass
class Studio:
    """Photos by path, made when asked for; ``files``: what the image server has."""

    url: str
    files: dict[str, bytes]
    made: dict[str, int] = field(default_factory=dict)

    def photo(self, kind: str) -> str:
        """Path of a photo that nobody has seen."""
        number = self.made[kind] = self.made.get(kind, 0) + 1
        pixels = np.roll(photo(*SIZES[kind]), 7 * number, axis=1)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=92)
        path = f"/data/upload/1/{kind.replace(' ', '')}-{number}.jpg"
        self.files[path] = file.getvalue()
        return path


@dataclass
class Annotator:
    """Somebody who clicks, and submits the last click's masks when done with a photo."""

    served: Served
    chance: random.Random
    client: httpx.Client = field(default_factory=lambda: httpx.Client(headers=AUTH, timeout=120))
    masks: list[dict[str, Any]] = field(default_factory=list)

    def click(self, path: str, kind: str) -> float:
        """Milliseconds until a click somewhere in a photo was answered with masks."""
        content = body(path, SIZES[kind], (self.chance.uniform(15, 85), self.chance.uniform(15, 85)))
        begin = time.perf_counter()
        answer = self.client.post(f"{self.served.url}/predict", content=content).raise_for_status()
        taken = 1000 * (time.perf_counter() - begin)
        self.masks = [region for region in answer.json()["results"][0]["result"] if region["type"] == "brushlabels"]
        assert self.masks
        return taken

    def submit(self, path: str) -> float:
        """Milliseconds until Label Studio would have had its answer to the webhook."""
        content = submitted(path, self.masks[:2], self.chance.getrandbits(50))
        begin = time.perf_counter()
        self.client.post(self.served.hook, content=content).raise_for_status()
        return 1000 * (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/annotators.json")
    given = parser.parse_args()
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder, images(files) as url:
        options = ("--label-studio-url", url, "--requests-per-second", "0")
        with serving(Path(folder) / "project", *options) as served:
            measured = measure(served, Studio(url, files), given)
    facts = {"machine": machine(), "bars_ms": BARS} | measured
    given.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def measure(served: Served, studio: Studio, given: argparse.Namespace) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    one = Annotator(served, random.Random(0))
    rows["first click of all"] = round(one.click(studio.photo("small"), "small"), 1)
    for kind in ("2 MP", "12 MP"):
        rows[kind] = alone(one, studio, kind, given.images)
        print(kind, json.dumps(rows[kind]), flush=True)
    if given.minutes:
        rows["eight annotators"] = together(served, studio, 60 * given.minutes)
        print("eight annotators", json.dumps(rows["eight annotators"]), flush=True)
    found = {"milliseconds": rows, "megabytes": round(served.megabytes)}
    if given.many:
        found["memory"] = many(served, studio, given.many)
    return found


def alone(one: Annotator, studio: Studio, kind: str, count: int) -> dict[str, Any]:
    """One annotator: the first click on each photo, and further ones."""
    new, warm = [], []
    for _ in range(count):
        path = studio.photo(kind)
        new.append(one.click(path, kind))
        warm += [one.click(path, kind) for _ in range(LATER)]
    return {"new": spread(new), "warm": spread(warm)}


def together(served: Served, studio: Studio, seconds: float) -> dict[str, Any]:
    """Eight annotators at once, on photos of 2 megapixels made before."""
    paths = [studio.photo("2 MP") for _ in range(int(PEOPLE * (1 + seconds / PAUSE * NEW * 1.5)))]
    taken: list[Taken] = []
    begin = time.monotonic()
    people = [threading.Thread(target=annotate, args=(served, n, paths, begin, seconds, taken)) for n in range(PEOPLE)]
    for thread in people:
        thread.start()
    memory = []
    for number in range(1, SLICES + 1):
        time.sleep(max(0.0, begin + seconds * number / SLICES - time.monotonic()))
        memory.append(round(served.megabytes))
        print("memory", memory, flush=True)
    for thread in people:
        thread.join()
    whole = {what: spread([one.ms for one in taken if one.what == what]) for what in ("new", "warm", "submitted")}
    return whole | {"slices": [part(taken, seconds, n) | {"megabytes": memory[n]} for n in range(SLICES)]}


def part(taken: list[Taken], seconds: float, number: int) -> dict[str, float]:
    """95th percentiles of a slice of the time."""
    some = [one for one in taken if int(SLICES * one.at / seconds) == number]
    return {f"{what} p95": spread([one.ms for one in some if one.what == what])["p95"] for what in ("new", "warm")}


def annotate(served: Served, number: int, paths: list[str], begin: float, seconds: float, taken: list[Taken]) -> None:
    """One of several: a click every ten seconds, whatever the last one took."""
    one, chance = Annotator(served, random.Random(number)), random.Random(100 + number)
    current, due = "", chance.uniform(0, PAUSE)
    while due < seconds:
        time.sleep(max(0.0, begin + due - time.monotonic()))
        new = not current or (chance.random() < NEW and bool(paths))
        if new and current:
            taken.append(Taken("submitted", due, one.submit(current)))
        current = paths.pop() if new else current
        taken.append(Taken("new" if new else "warm", due, one.click(current, "2 MP")))
        due += PAUSE


def many(served: Served, studio: Studio, count: int) -> dict[str, float]:
    """Megabytes of the server after so many photos, each clicked once."""
    one, held = Annotator(served, random.Random(1)), {}
    for number in range(1, count + 1):
        path = studio.photo("small")
        one.click(path, "small")
        del studio.files[path]
        if number % max(1, count // 10) == 0:
            held[str(number)] = round(served.megabytes)
            print("memory", json.dumps(held), flush=True)
    return held


def submitted(path: str, masks: list[dict[str, Any]], number: int) -> bytes:
    """A webhook of a new annotation of a photo."""
    made: dict[str, Any] = json.loads(json.loads(CREATED.read_text(encoding="utf-8"))["request"]["body_raw"])
    made["task"]["data"]["image"], made["annotation"]["id"], made["annotation"]["result"] = path, number, masks
    return json.dumps(made).encode()


def body(path: str, size: tuple[int, int], place: tuple[float, float]) -> bytes:
    """A click as Label Studio sends it; ``place``: percent of width and height."""
    made: dict[str, Any] = json.loads(json.loads(CAPTURE.read_text(encoding="utf-8"))["request"]["body_raw"])
    made["tasks"][0]["data"]["image"] = path
    mark = made["params"]["context"]["result"][0]
    mark |= {"original_width": size[0], "original_height": size[1]}
    mark["value"] |= {"x": place[0], "y": place[1]}
    made["params"]["context"]["result"] = [mark]
    return json.dumps(made).encode()


if __name__ == "__main__":
    main()
