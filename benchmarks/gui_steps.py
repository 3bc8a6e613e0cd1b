"""What is measured in one window, a process of its own: ``gui_steps.py STEP JSON``; its last line is JSON, in ms."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from semsam_annotate.napari.engine.link import EngineChoice, started

EARLY = started(EngineChoice().link()) if sys.argv[1:2] == ["start"] else None  # as ``semsam annotate`` does

from gui_actions import Plan, Times, accepted, hovered, made_ladder, moved, turned  # noqa: E402
from gui_filling import fill  # noqa: E402
from gui_heartbeat import heartbeat, training  # noqa: E402
from gui_window import Point, Stopwatch, megabytes, opened, photos, spots  # noqa: E402


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


STEPS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    step.__name__: step for step in (prepare, start, plain, crowded, turning, heartbeat, training, memory)
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](Plan(json.loads(sys.argv[2])))))
