"""The loop of a project: looks, decides, begins a training or puts it by; whoever runs it calls ``step`` at times."""

import logging
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.project_config import ProjectConfig, read_config
from semsam_annotate.annotations.retraining import child
from semsam_annotate.annotations.retraining.counts import MaskCounter
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.memory import LoopMemory
from semsam_annotate.annotations.retraining.plan import ATTEMPTS, Decision, Situation, decide
from semsam_annotate.annotations.retraining.ranking import Ranking
from semsam_annotate.annotations.retraining.run import LOCK, PUT_BY, Run, runs
from semsam_annotate.annotations.retraining.runner import running
from semsam_annotate.annotations.retraining.writer import put_by
from semsam_annotate.api.lock import is_held

log = logging.getLogger("semsam.loop")
STARTING = timedelta(minutes=5)
"""After a try, in which its process may not have begun yet; later its number may be another process's."""
TURNED_BACK = timedelta(hours=1)
"""By which clocks on walls are turned back in autumn; what lies further ahead was written by a clock that was wrong."""


def local_now() -> datetime:
    """The clock on the wall."""
    return datetime.now()


class Loop:
    """One project's loop; nothing here waits, and a training that it began goes on when it ends.

    Entered with ``with``, which raises BadInput when another process runs the loop.
    """

    def __init__(
        self,
        project: Project,
        after: int | None = None,
        command: Sequence[str] | None = None,
        clock: Callable[[], datetime] = local_now,
    ) -> None:
        """``after``: instead of the project's ``retrain_after``; ``command``: what trains, else ``semsam retrain``."""
        self._project, self._after, self._clock = project, after, clock
        self._command = command or child.semsam("retrain", "--project", str(project.folder))
        self._stack = ExitStack()
        self._beat: Callable[[Decision], None] = lambda decision: None
        self._child: subprocess.Popen[bytes] | None = None
        self._busy = self._quiet = self._shortened = False
        self._counter = MaskCounter(project)
        self.ranking = Ranking(project.folder, project.order)
        self.decision = Decision("wait", "it has just begun")

    def __enter__(self) -> "Loop":
        self._beat = self._stack.enter_context(running(self._project.models))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def child(self) -> "subprocess.Popen[bytes] | None":
        """The training that this loop began last."""
        return self._child

    def step(self) -> Decision:
        """Look, decide, do it, and tell those who watch."""
        decision = self.look()
        may_rank = decision.act == "wait" and not self._busy and not self._quiet
        if not may_rank:
            self.ranking.stop()
        if decision.act == "start":
            self._start()
        elif decision.act == "pause":
            put_by(self._project.models)
        elif decision.passed:
            self._remember(LoopMemory.read(self._project.models).at(self._clock()))
        if may_rank:
            self.ranking.step()
        if decision != self.decision:
            log.info("%s", decision.sentence)
        self.decision = decision
        self._beat(decision)
        return decision

    def look(self) -> Decision:
        """What is to be done now; of the memory it changes how the last try ended, and since when times count."""
        config, now = self.config(), self._clock()
        self.notice()
        memory, schedule = LoopMemory.read(self._project.models), config.retrain.schedule
        ahead = memory.since is not None and memory.since > now + TURNED_BACK  # a clock was wrong then
        anew = memory.since is None or ahead or memory.schedule not in (None, schedule)
        if anew or memory.schedule is None:
            memory = replace(memory, since=now if anew else memory.since, schedule=schedule)
            self._remember(memory)
        if memory.tried.besides and not self._shortened:  # as older versions wrote it
            memory = replace(memory, tried=KnownMasks.of(self._project.store, memory.tried.besides))
            self._remember(memory)
        self._shortened = True
        found = self._situation(memory)
        self._busy, self._quiet = found.running, config.retrain.quiet_hours.until(now) is not None
        return decide(self._count(config), config.retrain, found, now)

    def notice(self) -> None:
        """Write down how the training that this loop began has ended, if it has."""
        memory = LoopMemory.read(self._project.models)
        child = self._child
        if child is not None and child.poll() is not None and (memory.pid, memory.code) == (child.pid, None):
            self._remember(replace(memory, code=child.returncode))

    @property
    def wanted(self) -> bool:
        """Whether the project asks for trainings by themselves."""
        config = self.config()
        return bool(self._count(config) or config.retrain.schedule)

    def config(self) -> ProjectConfig:
        """What ``project.toml`` says now."""
        return read_config(self._project.folder / "project.toml")

    def _count(self, config: ProjectConfig) -> int:
        return config.retrain_after if self._after is None else self._after

    def put_by(self) -> bool:
        """Ask the training that this loop began, if it goes on, to end for now; whether one goes on.

        One that has not yet begun to work is ended: it has nothing to keep.
        """
        if self._situation(LoopMemory.read(self._project.models)).ours:
            put_by(self._project.models)
            return True
        if self._child is None or self._child.poll() is not None:
            return False
        self._child.terminate()
        return True

    def _situation(self, memory: LoopMemory) -> Situation:
        models = self._project.models
        found = runs(models)  # before the lock: a run without an outcome whose lock is free was killed
        last = found[-1] if found else None
        busy = self._starting(memory, last) or is_held(models / LOCK) or (last is not None and last.elsewhere)
        fresh, learn = self._counter.new(memory.tried)
        return Situation(
            fresh=fresh,
            learn=learn,
            running=busy,
            ours=busy and last is not None and memory.own(found) == last,
            unfinished=not busy and (_unfinished(last) or self._vanished(memory, last)),
            attempts=0 if memory.over(last) else memory.attempts,
            since=max((at for at in (memory.since, _began(last)) if at and at <= self._clock()), default=None),
        )

    def _starting(self, memory: LoopMemory, last: Run | None) -> bool:
        """Whether the last try is about to take the lock: its process may load torch for a minute, and it may be that
        of a loop which was killed meanwhile."""
        if self._child is not None and self._child.returncode is None:
            return True
        fresh = memory.since is not None and timedelta(0) <= self._clock() - memory.since < STARTING
        here = memory.host == socket.gethostname() and child.alive(memory.pid)
        return fresh and here and (last is None or last.number <= memory.before)

    def _vanished(self, memory: LoopMemory, last: Run | None) -> bool:
        """Whether the last try was killed before it had a folder; one that ended with a code has failed."""
        return memory.pid > 0 and not memory.failed and (last is None or last.number <= memory.before)

    def _start(self) -> None:
        """Begin a training; what it is begun for is written down first, lest a full disk begins one at every look."""
        models = self._project.models
        before, known, found = LoopMemory.read(models), KnownMasks.in_store(self._project.store), runs(models)
        last = found[-1] if found else None
        afresh = before.over(last) or before.attempts >= ATTEMPTS
        memory = LoopMemory(
            tried=known,
            since=self._clock(),
            attempts=1 + (0 if afresh else before.attempts),
            host=socket.gethostname(),
            before=0 if last is None else last.number,
            schedule=before.schedule,
        )
        self._remember(memory)
        try:
            self._child = child.start(self._command, models / "retrain.log")
        except child.CannotStart:
            self._remember(before)
            raise
        self._remember(replace(memory, pid=self._child.pid))

    def _remember(self, memory: LoopMemory) -> None:
        memory.write(self._project.models)


def _unfinished(last: Run | None) -> bool:
    return last is not None and (last.outcome is None or last.outcome.state == PUT_BY)


def _began(run: Run | None) -> datetime | None:
    """When a training began, by the clock on the wall."""
    with suppress(ValueError, AttributeError):
        return datetime.fromisoformat(run.started).astimezone().replace(tzinfo=None)  # type: ignore[union-attr]
    return None
