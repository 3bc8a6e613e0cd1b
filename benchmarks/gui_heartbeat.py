"""How long the event loop does not come round, while a person works, also beside a training."""

import sys
from pathlib import Path

from gui_actions import Plan, Times, accepted, made_ladder, turned
from gui_filling import fill
from gui_window import Heartbeat, Stopwatch, opened, photos, spots

from semsam_annotate.napari.state.training import TrainingRun

LEARNED, DISCS = 8, 12
"""Photos with masks for a training, and how many on each."""


def heartbeat(plan: Plan) -> Times:
    """The longest gaps while clicking, turning and accepting, and while napari alone draws."""
    with opened(_photos(plan), plan.folder / "heartbeat") as watch:
        return _gaps(watch, plan)


def training(plan: Plan) -> Times:
    """The same while the project's model trains, as the Train tab starts it."""
    project, paths = plan.folder / "training", _photos(plan)
    for path in paths[-LEARNED:]:
        fill(project, path.resolve(), DISCS)
    with opened(paths, project) as watch:
        run = watch.session.ledger.training()
        _begin(watch, run)
        found = _gaps(watch, plan)
        run.poll()
        assert run.stage == "running", f"the training ended meanwhile: {run.stage} {run.error}"
        _end(watch, run)
    return found


def _photos(plan: Plan) -> list[Path]:
    return photos(plan.folder / "photos", plan.clicks // 10 + 1, plan.size)


def _gaps(watch: Stopwatch, plan: Plan) -> Times:
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


def _begin(watch: Stopwatch, run: TrainingRun) -> None:
    """Start, and wait until it takes steps."""
    run.start()

    def steps() -> bool:
        run.poll()
        assert run.busy, run.error
        return run.stage == "running" and len(run.progress.curve) > 0

    watch.wait(steps, 300)


def _end(watch: Stopwatch, run: TrainingRun) -> None:
    run.stop()

    def ended() -> bool:
        run.poll()
        return not run.busy

    watch.wait(ended, 60)
