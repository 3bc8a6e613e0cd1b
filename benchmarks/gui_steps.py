"""What is measured in one window, a process of its own: ``gui_steps.py STEP JSON``; its last line is JSON, in ms."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from semsam_annotate.napari.engine.link import EngineChoice, started

EARLY = started(EngineChoice().link()) if sys.argv[1:2] == ["start"] else None  # as ``semsam annotate`` does

from gui_window import Heartbeat, Point, Stopwatch, megabytes, opened, photos, spots  # noqa: E402
from qtpy.QtCore import Qt  # noqa: E402

from semsam_annotate.annotations import image_sha256, read_image  # noqa: E402
from semsam_annotate.api import Proposal  # noqa: E402
from semsam_annotate.napari.state.labels import LabelChoice  # noqa: E402
from semsam_annotate.napari.state.picture import Picture  # noqa: E402
from semsam_annotate.napari.state.project_ledger import ProjectLedger  # noqa: E402

Times = dict[str, list[float]]


class Plan:
    """Where to work and how much."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.folder = Path(given["folder"])
        self.size: tuple[int, int] = tuple(given["size"])
        self.rounds, self.images = int(given["rounds"]), int(given["images"])
        self.clicks, self.masks = int(given["clicks"]), int(given["masks"])
        self.began = float(given["began"])


def prepare(plan: Plan) -> dict[str, Any]:
    """Make the photo that ``start`` opens."""
    photos(plan.folder / "photos", 1, plan.size)
    return {}


def start(plan: Plan) -> dict[str, Any]:
    """From the start of the process to the first ladder on the screen, the click made as soon as there is a photo."""
    with opened(photos(plan.folder / "photos", 1, plan.size), plan.folder / "start", EARLY) as watch:
        watch.drawn(0.0)
        shown = time.time() - plan.began
        made_ladder(watch, (plan.size[0] / 2, plan.size[1] / 3))
        watch.drawn(time.perf_counter())
        return {"first ladder": [1000 * (time.time() - plan.began)], "photo shown": [1000 * shown]}


def plain(plan: Plan) -> Times:
    """Every action on a photo without masks."""
    with opened(photos(plan.folder / "photos", 1, plan.size), plan.folder / "plain") as watch:
        return latencies(watch, plan)


def crowded(plan: Plan) -> Times:
    """The same on a photo with many accepted masks."""
    photo = photos(plan.folder / "photos", 1, plan.size)[0].resolve()
    fill(plan.folder / "crowded", photo, plan.masks)
    with opened([photo], plan.folder / "crowded") as watch:
        assert len(watch.session.accepted) >= plan.masks
        return latencies(watch, plan)


def latencies(watch: Stopwatch, plan: Plan) -> Times:
    """Hover, click, another rung, accept, each beside a bare draw of the layer it draws in."""
    watch.ready()
    times: Times = {}

    def note(name: str, seconds: float) -> None:
        if len(warm) > 1:  # the first round fills caches
            times.setdefault(name, []).append(1000 * seconds)

    layers, warm = watch.annotator.layers, list[Point]()
    for place in spots(plan.size, plan.rounds + 1):
        warm.append(place)
        for name, seconds in hovered(watch, place).items():
            note(name, seconds)
        note("bare candidate layer", watch.bare(layers.candidate))
        note("click to ladder drawn", made_ladder(watch, (place[0], place[1])))
        note("rung to drawn", moved(watch))
        note("accept to drawn", accepted(watch))
        note("bare accepted layer", watch.bare(layers.accepted))
    return times


def hovered(watch: Stopwatch, place: Point) -> dict[str, float]:
    """Seconds until the mask under the pointer is known, and on the screen."""
    known: list[float] = []

    def look(proposal: Proposal | None) -> None:
        if proposal is not None:
            known.append(time.perf_counter())

    watch.settle()
    watch.annotator.hover.changed.connect(look)
    began = watch.move(place)
    watch.wait(lambda: bool(known), 10)
    drawn = watch.drawn(known[0])
    watch.annotator.hover.changed.disconnect(look)
    return {"hover computed": known[0] - began, "hover drawn": drawn - began}


def made_ladder(watch: Stopwatch, place: Point) -> float:
    """Seconds from a click until its masks are on the screen."""
    watch.settle()
    ticket = watch.session.ticket
    began = watch.click(place)
    watch.wait(lambda: watch.session.ticket != ticket and not watch.session.waiting)
    assert watch.session.candidate.ladder is not None, watch.person.says()
    return watch.drawn(time.perf_counter()) - began


def moved(watch: Stopwatch) -> float:
    """Seconds from a key until another rung is on the screen."""
    watch.settle()
    candidate = watch.session.candidate
    larger = candidate.ladder is not None and candidate.rung + 1 < len(candidate.ladder)
    began = watch.press(Qt.Key.Key_BracketRight if larger else Qt.Key.Key_BracketLeft)
    return watch.drawn(time.perf_counter()) - began


def accepted(watch: Stopwatch) -> float:
    """Seconds from Enter until the mask is stored and on the screen."""
    watch.settle()
    count = len(watch.session.accepted)
    began = watch.press(Qt.Key.Key_Return)
    assert len(watch.session.accepted) == count + 1
    return watch.drawn(time.perf_counter()) - began


def turned(watch: Stopwatch) -> dict[str, Any]:
    """Seconds from PageDown until the next photo is on the screen and ready for clicks; whether it was read ahead."""
    watch.settle()
    before, noted, read = watch.session.picture, len(watch.states), len(watch.encoded)
    began = watch.press(Qt.Key.Key_PageDown)
    assert watch.session.picture is not before
    shown = watch.drawn(time.perf_counter()) - began
    key = watch.session.picture.key
    watch.wait(lambda: any(state == "idle" for _, state in watch.states[noted:]), 240)
    idle = next(when for when, state in watch.states[noted:] if state == "idle")
    return {"shown": shown, "ready": max(shown, idle - began), "ahead": key not in watch.encoded[read:]}


def turning(plan: Plan) -> Times:
    """The next photo, after as long a look at the one before as reading ahead may need."""
    times: Times = {
        name: [] for name in ("next shown", "next ready, read ahead", "next ready, read then", "bare image")
    }
    count = plan.rounds + 2
    with opened(photos(plan.folder / "photos", count, plan.size), plan.folder / "turning") as watch:
        watch.ready()
        for _ in range(count - 1):
            watch.settle(1.5)
            found = turned(watch)
            times["next shown"].append(1000 * found["shown"])
            times[f"next ready, read {'ahead' if found['ahead'] else 'then'}"].append(1000 * found["ready"])
            times["bare image"].append(1000 * watch.bare(watch.annotator.image))
    return times


def memory(plan: Plan) -> dict[str, Any]:
    """Megabytes of window and engine after one photo more and more, with a click and an accepted mask on each."""
    rows: list[dict[str, float]] = []
    paths = photos(plan.folder / "photos", plan.images, plan.size)
    every = max(plan.images // 20, 1)
    with opened(paths, plan.folder / "memory") as watch:
        watch.ready()
        for number, place in enumerate(spots(plan.size, plan.images), 1):
            made_ladder(watch, place)
            accepted(watch)
            if number % every == 0 or number == plan.images:
                engine = megabytes(watch.worker.link.pid)
                rows.append({"images": number, "window_mb": megabytes(os.getpid()), "engine_mb": engine})
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
            if number < plan.images:
                turned(watch)
    return {"rows": rows}


def heartbeat(plan: Plan) -> Times:
    """The longest gaps of the event loop while clicking, turning and accepting, and while napari alone draws."""
    with opened(photos(plan.folder / "photos", plan.clicks // 10 + 1, plan.size), plan.folder / "heartbeat") as watch:
        watch.ready()
        beat, layers = Heartbeat(), watch.annotator.layers
        made_ladder(watch, spots(plan.size, 1, seed=1)[0])
        accepted(watch)

        def work() -> None:
            for number, place in enumerate(spots(plan.size, plan.clicks), 1):
                beat.doing = f"click and accept {number}"
                made_ladder(watch, place)
                accepted(watch)
                if number % 10 == 0:
                    beat.doing = f"image after {number}"
                    turned(watch)
            print(beat.longest, file=sys.stderr)

        def bare() -> None:
            for _ in range(plan.clicks):
                for layer in (layers.candidate, layers.accepted, watch.annotator.image):
                    watch.bare(layer)

        gaps = {"gap while working": beat.during(work), "gap while napari draws": beat.during(bare)}
    return {name: [1000 * gap for gap in sorted(values)[-200:]] for name, values in gaps.items()}


def fill(project: Path, photo: Path, count: int) -> None:
    """Accept ``count`` discs on a photo, as a person would have."""
    rgb = read_image(photo)
    ledger, key = ProjectLedger.open(project, [photo]), image_sha256(rgb)
    picture = Picture(rgb, rgb, key, key, photo.stem, photo)
    missing = count - len(ledger.masks(picture))
    height, width = rgb.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    named = []
    for number, (x, y) in enumerate(spots((width, height), max(missing, 0), seed=2)):
        mask = (columns - x) ** 2 + (rows - y) ** 2 <= (6 + number % 20) ** 2
        named.append((disc(number, mask), LabelChoice("disc", "")))
    if named:
        ledger.accept_all(picture, named, [])
    ledger.close()


def disc(number: int, mask: Any) -> Proposal:
    ys, xs = np.nonzero(mask)
    return Proposal(
        id=f"disc {number}",
        model="none",
        score=0.9,
        stability=0.9,
        level=4,
        box=(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1),
        mask=mask,
        part_probability=0.0,
    )


STEPS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    step.__name__: step for step in (prepare, start, plain, crowded, turning, heartbeat, memory)
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](Plan(json.loads(sys.argv[2])))))
