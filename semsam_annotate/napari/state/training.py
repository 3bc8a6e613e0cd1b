"""The training of a project as a person sees it: what is new, how far it is, what came of it, which model serves.

All of it is read from the project folder, so every window shows the same, whoever started the training; a training
that was started goes on when its window closes, and the next window finds it.
"""

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from psygnal import Signal

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining import child
from semsam_annotate.annotations.retraining.counts import MaskCounter, TrainingCounts
from semsam_annotate.annotations.retraining.run import FAILED, FINISHED, LOCK, Run, runs
from semsam_annotate.annotations.retraining.verdict import Verdict
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import is_held
from semsam_annotate.napari.state.background import Background
from semsam_annotate.napari.state.last_words import last_words
from semsam_annotate.napari.state.model_switch import ModelSwitch
from semsam_annotate.napari.state.training_loop import TrainingLoop
from semsam_annotate.napari.state.training_progress import TrainingProgress

Stage = Literal["idle", "starting", "running", "stopping", "finished", "failed", "stopped"]
GRACE = 10.0
"""Seconds in which a training that is asked to stop ends by itself; then it is ended."""
BUSY: tuple[Stage, ...] = ("starting", "running", "stopping")


class TrainingRun:
    """The last training of a project; ``poll`` it a few times a second, nothing here waits.

    ``stage``: "idle" without one. ``counts``: as of the last ``recount``, which is done in a thread. ``error``: one
    sentence, of a failed one.
    """

    changed = Signal()
    """Anything to show."""
    told = Signal(str)
    """One line for the person."""

    def __init__(
        self,
        project: Project,
        command: Sequence[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``command``: what trains; ``semsam retrain`` if left out, which promotes nothing: a person does."""
        self._project, self._clock = project, clock
        self._command = command or child.semsam("retrain", "--hold", "--project", str(project.folder))
        self._child: subprocess.Popen[bytes] | None = None
        self._before: int | None = None  # number of the last run when ours was started, until ours has one
        self._asked: tuple[int | None, float] | None = None  # which run was asked to stop, and when
        self._run: Run | None = None
        self._log = project.models / "retrain.log"
        self._counter, self._counting, self._stale = MaskCounter(project), Background[TrainingCounts](), False
        self.model = ModelSwitch(project.folder, project.models)
        self.loop = TrainingLoop(project)
        self.progress = TrainingProgress()
        self.stage: Stage = "idle"
        self.counts, self.error = TrainingCounts(), ""
        self.verdict: Verdict | None = None
        self.model.changed.connect(self._tell_change)
        self.model.told.connect(self._tell)
        self.loop.changed.connect(self._tell_change)

    @property
    def run(self) -> Run | None:
        """The last training, or the one that goes on."""
        return self._run

    @property
    def page(self) -> Path | None:
        """The report of the last training, for a browser; None without one."""
        return self._run.page if self._run is not None and self._run.page.is_file() else None

    @property
    def busy(self) -> bool:
        """Whether one goes on."""
        return self.stage in BUSY

    def close(self) -> None:
        """It is watched no more; a training goes on."""
        self.loop.stop()
        self._counting.wait()

    def recount(self) -> None:
        """Count accepted masks anew; ``poll`` hears of it."""
        self._stale = True

    def start(self) -> None:
        """Begin, in a process of its own. BadInput when one goes on, or there is nothing to learn from."""
        self.poll()
        if self.busy:
            raise BadInput("a training of this project goes on: wait for it, or stop it")
        self._counting.wait()
        self.counts = self._counter.all()  # quick, as the tab has counted before
        self.changed.emit()
        if not self.counts.learn:
            raise BadInput(
                "there is nothing to learn from: accept masks first, in photos that are not held back or kept for tests"
            )
        self._log.unlink(missing_ok=True)
        self._child, self._asked = child.start(self._command, self._log), None
        self._before = 0 if self._run is None else self._run.number
        self._become("starting")

    def stop(self) -> None:
        """End the training that goes on; the model that serves stays. BadInput for one on another machine."""
        if self.busy and self._asked is None:
            self._end(force=False)
            starting = self._before is not None or self._run is None
            self._asked = (None if starting or self._run is None else self._run.number, self._clock())
            self._become("stopping")

    def poll(self) -> None:
        """Look how far it is."""
        self.model.poll()
        self.loop.poll()
        found = runs(self._project.models)  # before the lock: a run without an outcome whose lock is free was killed
        running = is_held(self._project.models / LOCK)
        other = self._adopt(found[-1] if found else None)
        news = self.progress.read() or other
        self._become(self._stage(running), news)
        if self.stage == "stopping" and self._asked is not None and self._clock() - self._asked[1] > GRACE:
            with suppress(OSError, BadInput):
                self._end(force=True)
        self._count()

    def _count(self) -> None:
        """Begin to count if that was asked for, and hear what was counted."""
        ended = self._counting.ended()
        if self._stale and not self._counting.busy:
            self._stale = False
            self._counting.begin(self._counter.all)
        if ended is not None:
            self.counts = ended.result()
            self.changed.emit()

    def _adopt(self, run: Run | None) -> bool:
        """Follow this run from now on; whether it is another one."""
        if self._child is not None:
            self._child.poll()  # or it stays behind as a zombie
        if run == self._run:
            return False
        self._run, self.verdict = run, None
        self.progress = TrainingProgress(None if run is None else run.progress)
        if run is not None and self._before is not None and run.number > self._before:
            self._before = None
            if self._asked is not None and self._child is not None and run.pid == self._child.pid:
                self._asked = (run.number, self._asked[1])
        return True

    def _stage(self, running: bool) -> Stage:
        run = self._run
        outcome = None if run is None else run.outcome
        if self._before is not None and self._child is not None:
            return self._stage_of_child(self._child)
        if run is None:
            return "idle"
        if running and outcome is None:
            return "stopping" if self._asked is not None and self._asked[0] == run.number else "running"
        if outcome is None:
            return self._ended("nobody knows why it ended: it was killed, or the computer was switched off")
        if outcome.state == FAILED:
            return self._ended(outcome.message)
        return self._judged(outcome.report) if outcome.state == FINISHED else "stopped"

    def _stage_of_child(self, starting: "subprocess.Popen[bytes]") -> Stage:
        """Of a child that has no run of its own yet: it loads torch, or was refused."""
        if starting.poll() is None:
            return "starting" if self._asked is None else "stopping"
        return self._ended(last_words(self._log) or f"its process ended with code {starting.returncode}")

    def _ended(self, reason: str) -> Stage:
        number = None if self._run is None else self._run.number
        if self._asked is not None and self._asked[0] in (None, number):
            return "stopped"
        log = f"; what it printed is in {self._log}" if self._log.is_file() else ""
        self.error = f"Training has failed: {reason.rstrip('.')}. Start again{log}."
        return "failed"

    def _judged(self, report: dict[str, object]) -> Stage:
        if self.verdict is None:
            self.verdict = Verdict.read(report)
        return "finished" if self.verdict is not None else self._ended("what it found cannot be read")

    def _become(self, stage: Stage, news: bool = False) -> None:
        was, self.stage = self.stage, stage
        if stage == was and not news:
            return
        if stage not in BUSY:
            self.recount()
        self.changed.emit()
        if was in BUSY and stage not in BUSY:
            self.told.emit(_ENDS[stage])

    def _tell(self, line: str) -> None:
        self.told.emit(line)

    def _tell_change(self) -> None:
        self.changed.emit()

    def _end(self, force: bool) -> None:
        if self._before is not None and self._child is not None:
            if self._child.poll() is None:
                child.end(self._child.pid, force)
        elif self._run is not None:
            child.stop(self._run, force)


_ENDS: dict[Stage, str] = {
    "finished": "training is done: look at the verdict",
    "failed": "training has failed: the tab Train says why",
    "stopped": "training is stopped; the model is as it was",
    "idle": "training has left nothing: start it again",
}
