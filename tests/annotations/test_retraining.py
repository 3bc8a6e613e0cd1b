"""What a training leaves, read while it writes, after kills and damage; the lock; the child's manners; the counts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.retrain_config import KEEP
from semsam_annotate.annotations.retraining import child
from semsam_annotate.annotations.retraining.counts import MaskCounter
from semsam_annotate.annotations.retraining.progress import ProgressReader
from semsam_annotate.annotations.retraining.run import last_finished, runs
from semsam_annotate.annotations.retraining.writer import RunWriter, recorded
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held, is_held


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        yield made


@pytest.fixture
def image() -> ImageRef:
    return ImageRef("a" * 64, "a.png", 8, 8)


def _accept(project: Project, image: ImageRef, **facts) -> str:
    return project.store.accept(image, mask=np.ones((8, 8), bool), object="car", **facts).id


def _train(project: Project, *ids: str) -> None:
    with recorded(project.models) as run:
        run.took(ids)
        run.finish({"version": "v"})


def _wait(until, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_run_is_read_back_as_it_was_written(tmp_path):
    with recorded(tmp_path) as run:
        run.took(["a", "b"])
        run.mark("training", 1, 2, loss=3.5)
        (seen,) = runs(tmp_path)
        assert (seen.number, seen.pid, seen.outcome) == (1, os.getpid(), None)
        run.drew([{"name": "wheel", "before": "b.png", "after": "a.png", "old": 0.2, "new": 0.4}])
        run.finish({"version": "v"})
    assert seen.masks == {"a", "b"}
    assert seen.pictures[0].after == seen.folder / "pictures" / "a.png"
    assert (seen.outcome.state, seen.outcome.report) == ("finished", {"version": "v"})
    assert last_finished(tmp_path) == seen


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (BadInput("no masks"), "failed", "no masks"),
        (ValueError("oh"), "failed", "ValueError: oh"),
        (KeyboardInterrupt(), "stopped", ""),
    ],
)
def test_what_ends_a_run_is_written_down_and_goes_on(tmp_path, error, state, message):
    with pytest.raises(type(error)), recorded(tmp_path):
        raise error
    (run,) = runs(tmp_path)
    assert (run.outcome.state, run.outcome.message) == (state, message)
    assert last_finished(tmp_path) is None


def test_old_runs_go_but_not_the_last_verdict_and_what_kills_left_goes(tmp_path):
    _train_in(tmp_path)
    (tmp_path / ".retrain-left").mkdir()
    (tmp_path / ".abc.17.part").mkdir()
    (tmp_path / "active.json.17.part").touch()
    os.utime(tmp_path / "active.json.17.part", (0, 0))
    for _ in range(KEEP + 3):
        with pytest.raises(BadInput), recorded(tmp_path):
            raise BadInput("again")
    numbers = [run.number for run in runs(tmp_path)]
    assert numbers == [1, *range(5, 5 + KEEP)]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def _train_in(models: Path) -> None:
    with recorded(models) as run:
        run.finish({})


@pytest.mark.parametrize("name", ["run.json", "outcome.json", "masks.json", "pictures/pictures.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"state": 7, "pid": "x"}'])
def test_damaged_files_of_a_run_raise_nothing(tmp_path, name, content):
    _train_in(tmp_path)
    (tmp_path / "runs" / "0001" / name).write_bytes(content)
    for run in runs(tmp_path):
        assert run.outcome is None or run.outcome.state == "finished"
        assert run.pictures == ()
        assert len(run.masks) <= 1


def test_progress_comes_once_whole_lines_only_damaged_ones_are_passed_over(tmp_path):
    path = tmp_path / "progress.jsonl"
    reader = ProgressReader(path)
    assert reader.new() == []
    line = json.dumps({"what": "training", "done": 1, "total": 9, "time": 5.0, "loss": 2.0})
    path.write_text(f'{line}\n{{"what": 3\nnull\n[]\n\x00\n{line[:20]}')
    assert [(mark.done, mark.loss) for mark in reader.new()] == [(1, 2.0)]
    assert reader.new() == []
    with path.open("a") as file:
        file.write(line[20:] + "\n")
    assert [mark.done for mark in reader.new()] == [1]


def test_a_lock_is_seen_by_others_and_looking_at_it_refuses_nobody(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    assert not path.exists()
    look = "from semsam_annotate.api.lock import is_held; from pathlib import Path\n"
    look += f"while True: is_held(Path({str(path)!r}))"
    looking = subprocess.Popen([sys.executable, "-c", look])
    try:
        time.sleep(1)
        for _ in range(50):
            with held(path, "taken"):
                assert is_held(path)
        assert looking.poll() is None
    finally:
        looking.kill()
        looking.wait()
    with held(path, "taken"), pytest.raises(BadInput, match="taken"), held(path, "taken"):
        pass


def test_a_child_is_polite_and_ends_with_its_group(tmp_path):
    tell = "import os, subprocess, sys; print(os.nice(0), os.environ['OMP_NUM_THREADS'], flush=True); "
    wait = "import time; print('grandchild', flush=True); time.sleep(99)"
    tell += f"subprocess.Popen([sys.executable, '-c', {wait!r}]).wait()"
    log = tmp_path / "deep" / "log"
    started = child.start([sys.executable, "-c", tell], log)
    _wait(lambda: "grandchild" in log.read_text())
    niceness, threads = log.read_text().split()[:2]
    assert int(niceness) >= child.NICENESS
    assert int(threads) == max(1, len(os.sched_getaffinity(0)) // 2)
    child.end(started.pid)
    assert started.wait(10) == -signal.SIGTERM
    _wait(lambda: not _alive(started.pid))
    child.end(started.pid)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_fewer_threads_that_somebody_asked_for_stay():
    assert child.modest({"OMP_NUM_THREADS": "1"})["OMP_NUM_THREADS"] == "1"
    assert int(child.modest({"OMP_NUM_THREADS": "999"})["OMP_NUM_THREADS"]) <= os.cpu_count()
    assert child.modest({"OMP_NUM_THREADS": "many", "A": "b"})["A"] == "b"


def test_a_run_of_another_machine_is_not_ended(tmp_path):
    _train_in(tmp_path)
    path = tmp_path / "runs" / "0001" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "host": "elsewhere"}))
    with pytest.raises(BadInput, match="elsewhere"):
        child.stop(runs(tmp_path)[0])


def test_what_is_new_is_counted_by_records(project, image):
    first, second = _accept(project, image), _accept(project, image)
    assert (MaskCounter(project).all().fresh, MaskCounter(project).all().trained) == (2, False)
    _train(project, first, second)
    assert (MaskCounter(project).all().fresh, MaskCounter(project).all().learn, MaskCounter(project).all().trained) == (
        0,
        2,
        True,
    )
    third = _accept(project, image)
    assert MaskCounter(project).all().fresh == 1
    project.store.delete(third)
    assert MaskCounter(project).all().fresh == 0
    project.store.delete(first)
    assert (MaskCounter(project).all().fresh, MaskCounter(project).all().learn) == (0, 1)
    project.store.undo(first)
    assert (MaskCounter(project).all().fresh, MaskCounter(project).all().learn) == (0, 2)


def test_a_correction_is_new_until_it_is_taken_back(project, image):
    first, desk = _accept(project, image), Desk(image)
    _train(project, first)
    journal = project.store.journal
    journal.perform(desk, Deed("renamed", correct=((first, {"object": "lorry"}),)))
    assert MaskCounter(project).all().fresh == 1
    journal.undo(desk)
    assert MaskCounter(project).all().fresh == 0
    journal.redo(desk)
    assert MaskCounter(project).all().fresh == 1


def test_only_trainings_that_came_to_a_verdict_count(project, image):
    first = _accept(project, image)
    with pytest.raises(FileNotFoundError), recorded(project.models) as run:
        _take_and_fail(run, first)
    assert MaskCounter(project).all().fresh == 1


def _take_and_fail(run: RunWriter, id: str) -> None:
    run.took([id])
    raise FileNotFoundError


def test_photos_held_back_and_planes_are_counted_as_training_takes_them(project, image):
    held_back, kept = (ImageRef(name * 64, f"{name}.png", 20, 20) for name in "bc")
    for ref, split in ((held_back, "validation"), (kept, "test")):
        project.store.register(ref)
        project.store.splits.assign(ref.sha256, split)
    _accept(project, image)
    _accept(project, image, plane=(3,))
    project.store.accept(held_back, mask=np.ones((20, 20), bool))
    project.store.accept(held_back, mask=np.eye(20, dtype=bool))
    project.store.accept(kept, mask=np.ones((20, 20), bool))
    found = MaskCounter(project).all()
    assert (found.fresh, found.learn, found.photos, found.held_back, found.small, found.test) == (3, 1, 1, 1, 1, 1)
    assert project.store.splits.get(image.sha256) is None
    _train(project, *(id for id, ref in project.store.accepted_ids().items() if ref != kept.sha256))
    assert MaskCounter(project).all().fresh == 0
