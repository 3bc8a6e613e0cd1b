"""The engine's thread: newest request wins, a crash costs one restart, cancel ends it at once."""

import threading
import time

import pytest
from PIL import Image

from semsam_annotate.api import EngineUnavailable, Prompt, encode_rle
from semsam_annotate.napari.engine.lessons import Forget, Remember
from semsam_annotate.napari.engine.request import Ahead, Glance, Request
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.state.accepted import AcceptedMask


@pytest.fixture
def heard(worker):
    answers, failures, states = {}, {}, []
    worker.answered.connect(lambda ticket, ladder: answers.update({ticket: ladder}))
    worker.failed.connect(lambda ticket, message: failures.update({ticket: message}))
    worker.state.connect(lambda state: states.append(state))
    return answers, failures, states


def request(scene, ticket=1, point=(65.0, 55.0)):
    return Request(ticket, "scene", scene, Prompt([point]))


def test_an_answer_comes_with_its_ticket_and_the_states_tell_the_way(worker, pump, scene, heard):
    answers, failures, states = heard
    worker.submit(request(scene, 7))
    pump.until(lambda: 7 in answers and states[-1] == "idle")
    assert states == ["starting", "encoding", "proposing", "idle"]
    assert answers[7][0].mask[60, 70]
    assert not failures


def test_an_image_is_encoded_once(worker, pump, scene, heard, link):
    answers, _, states = heard
    for ticket in (1, 2, 3):
        worker.submit(request(scene, ticket))
        pump.until(lambda ticket=ticket: ticket in answers)
    assert states.count("encoding") == 1
    assert link.starts == 1


def test_of_many_requests_the_newest_is_served(worker, pump, scene, heard, link):
    answers, _, _ = heard
    link.engine.delay = 0.2
    for ticket in range(20):
        worker.submit(request(scene, ticket))
    pump.until(lambda: 19 in answers)
    assert len(answers) <= 2


def test_a_dead_engine_is_started_again_and_the_request_answered(worker, pump, scene, heard, link):
    answers, failures, _ = heard
    worker.submit(request(scene, 1))
    pump.until(lambda: 1 in answers)
    link.kill()
    worker.submit(request(scene, 2))
    pump.until(lambda: 2 in answers)
    assert answers[1] == answers[2]
    assert not failures
    assert link.starts == 2


def test_an_engine_that_dies_in_a_call_is_tried_once_more(worker, pump, scene, heard, link):
    answers, failures, _ = heard
    link.engine.encode = die
    worker.submit(request(scene, 1))
    pump.until(lambda: 1 in answers)
    assert not failures
    assert link.starts == 2


def test_an_engine_that_cannot_start_is_told_in_one_line(pump, scene):
    class Broken:
        is_running = False

        @property
        def engine(self):
            raise EngineUnavailable("no weights")

        def kill(self):
            pass

    worker, failures = EngineWorker(Broken, pump), {}
    worker.failed.connect(lambda ticket, message: failures.update({ticket: message}))
    worker.submit(request(scene, 3))
    pump.until(lambda: 3 in failures)
    assert failures == {3: "no weights"}
    worker.close()


def test_bad_input_is_told_and_restarts_nothing(worker, pump, scene, heard, link):
    _, failures, _ = heard
    worker.submit(request(scene, 1, point=(900.0, 5.0)))
    pump.until(lambda: 1 in failures)
    assert "outside" in failures[1]
    assert link.starts == 1


def test_cancel_returns_at_once_and_nothing_of_the_old_engine_is_heard(worker, pump, scene, heard, link):
    answers, failures, _ = heard
    link.engine.delay = 0.5
    worker.submit(request(scene, 1))
    time.sleep(0.1)
    began = time.monotonic()
    worker.cancel()
    assert time.monotonic() - began < 0.2
    time.sleep(0.6)
    worker.submit(request(scene, 2))
    pump.until(lambda: 2 in answers)
    assert 1 not in answers
    assert not failures


def test_no_thread_stays_after_close(worker, pump, scene, heard):
    answers, _, _ = heard
    worker.submit(request(scene, 1))
    pump.until(lambda: 1 in answers)
    worker.close()
    end = time.monotonic() + 5
    while any(thread.name.startswith("semsam-engine") for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def die(_):
    raise EngineUnavailable("the connection broke")


def accepted(scene, id, part="wheel"):
    mask = scene.any(axis=2)
    return AcceptedMask(id, "2025-01-01", encode_rle(mask), "car", part, None, 0.9)


def test_the_engine_is_taught_between_requests(worker, pump, scene, heard, link):
    answers, failures, _ = heard
    worker.teach(Remember("scene", scene, accepted(scene, "before")))  # no engine runs yet: nothing to teach
    worker.submit(request(scene, 1))
    pump.until(lambda: 1 in answers)
    for id in ("r1", "r2"):
        worker.teach(Remember("scene", scene, accepted(scene, id)))
    worker.teach(Forget("r1"))
    worker.teach(Remember("scene", scene, accepted(scene, "r3", part=None)))
    pump.until(lambda: "r3" in link.engine.remembered)
    area = int(scene.any(axis=2).sum())
    assert link.engine.remembered == {"r2": (area, "car", "wheel"), "r3": (area, "car", None)}
    link.engine.known.clear()  # the engine dropped the image: it is encoded once more
    worker.teach(Remember("scene", scene, accepted(scene, "r4")))
    pump.until(lambda: "r4" in link.engine.remembered)
    assert not failures


def test_a_lesson_that_fails_disturbs_nobody(worker, pump, scene, heard, link):
    answers, failures, _ = heard
    worker.submit(request(scene, 1))
    pump.until(lambda: 1 in answers)
    link.engine.remember = die
    worker.teach(Remember("scene", scene, accepted(scene, "r1")))
    worker.submit(request(scene, 2))
    pump.until(lambda: 2 in answers)
    assert not failures


def test_a_glance_waits_for_everything_else_and_starts_nothing(worker, pump, scene, link):
    seen = []
    worker.glanced.connect(lambda prompt, ladder: seen.append(ladder))
    worker.answered.connect(lambda ticket, ladder: seen.append(ticket))
    here = Prompt([(70.0, 60.0)])
    worker.glance(Glance("scene", here))
    assert link.starts == 0
    worker.submit(Request(1, "scene", scene, here))
    worker.glance(Glance("scene", here))
    worker.glance(Glance("scene", here))
    worker.submit(Request(2, "scene", scene, here))
    pump.until(lambda: len(seen) > 1 and not isinstance(seen[-1], int))
    assert 2 in seen[:-1]
    assert seen[-1].best.area > 0
    worker.glance(Glance("unread", here))
    pump.until(lambda: seen[-1] is None)
    link.kill()
    count = len(seen)
    worker.glance(Glance("scene", here))
    pump.until(lambda: len(seen) > count)
    assert seen[-1] is None
    assert link.starts == 1


@pytest.fixture
def file(tmp_path, scene):
    path = tmp_path / "next.png"
    Image.fromarray(scene[:, ::-1].copy()).save(path)
    return path


def test_a_file_read_ahead_is_not_encoded_again(worker, pump, scene, heard, file):
    answers, _, states = heard
    reads = []
    worker.read.connect(reads.append)
    worker.submit(request(scene, 1))
    worker.read_ahead(Ahead(file))
    pump.until(lambda: reads and 1 in answers)
    assert reads[0].path == file
    assert (reads[0].rgb == scene[:, ::-1]).all()
    worker.submit(Request(2, reads[0].sha256, reads[0].rgb, Prompt([(65.0, 55.0)])))
    pump.until(lambda: 2 in answers)
    assert states.count("encoding") == 1


def test_reading_ahead_gives_way_and_goes_on_later(worker, pump, scene, heard, file, link):
    answers, failures, _ = heard
    worker.submit(request(scene, 1))
    pump.until(lambda: 1 in answers)
    encode, calls = link.engine.encode, []

    def patient(image, cancel=None):
        calls.append(cancel)
        while len(calls) == 1 and cancel is not None:  # the first time it goes on until it is interrupted
            cancel.check()
            time.sleep(0.01)
        return encode(image)

    link.engine.encode = patient
    worker.read_ahead(Ahead(file))
    until = time.monotonic() + 5
    while not calls and time.monotonic() < until:
        time.sleep(0.01)
    worker.submit(request(scene, 2))
    pump.until(lambda: 2 in answers)
    until = time.monotonic() + 5
    while len(calls) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(calls) == 2
    assert not failures


def test_a_file_that_cannot_be_read_ahead_is_not_mentioned(worker, pump, scene, heard, tmp_path):
    answers, failures, _ = heard
    worker.submit(request(scene, 1))
    worker.read_ahead(Ahead(tmp_path / "gone.png"))
    pump.until(lambda: 1 in answers)
    worker.submit(request(scene, 2))
    pump.until(lambda: 2 in answers)
    assert not failures
