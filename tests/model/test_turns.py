"""Clicks pass long work between its steps, one holder at a time, and long work ends however many clicks there are."""

import threading
import time

import numpy as np
import pytest

from semsam_annotate import Prompt
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.engine.turns import Turns


@pytest.fixture(scope="module")
def packaged():
    engine = open_engine("default", "cpu", EngineSettings())  # which keeps nothing on disk
    yield engine
    engine.close()


def start(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_short_work_is_done_within_long_work():
    turns, order, inside = Turns(), [], threading.Event()

    def long():
        with turns.long():
            inside.set()
            for step in range(200):
                order.append(step)
                time.sleep(0.001)
                turns.let_by()

    thread = start(long)
    inside.wait()
    with turns.short():
        order.append("click")
        held = len(order)
        time.sleep(0.02)
        assert len(order) == held  # nobody computes meanwhile
    thread.join(10)
    assert order[-1] == 199
    assert order.index("click") < 200


def test_long_work_ends_under_steady_short_work():
    turns, stop, done = Turns(), threading.Event(), threading.Event()

    def clicks():
        while not stop.is_set():
            with turns.short():
                time.sleep(0.001)

    def long():
        with turns.long():
            for _ in range(20):
                turns.let_by()
        done.set()

    people = [start(clicks) for _ in range(4)]
    start(long)
    assert done.wait(20)
    stop.set()
    for person in people:
        person.join(10)


def test_it_may_be_held_again_within_itself_and_is_free_after_an_error():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.long(), turns.short(), turns.long():
        turns.let_by() or 1 / 0
    with turns.short():
        turns.let_by()
        with turns.long():
            pass
    other = start(lambda: turns.short().__enter__())
    other.join(10)
    assert not other.is_alive()


def test_one_holds_it_at_a_time():
    turns, holders, most = Turns(), [], []

    def hold(kind):
        for _ in range(50):
            with kind():
                holders.append(1)
                most.append(len(holders))
                time.sleep(0.0002)
                holders.pop()
                turns.let_by()

    threads = [start(lambda kind=kind: hold(kind)) for kind in (turns.short, turns.long) * 3]
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert max(most) == 1


def test_a_click_is_answered_while_another_image_is_encoded(packaged):
    chance = np.random.default_rng(0)
    known = packaged.encode(chance.integers(0, 256, (96, 128, 3), dtype=np.uint8))
    before = packaged.propose(known, Prompt([(40, 50)]))
    encoded, clicks = threading.Event(), []

    def encode():
        for _ in range(3):
            packaged.encode(chance.integers(0, 256, (480, 640, 3), dtype=np.uint8))
        encoded.set()

    thread = start(encode)
    while not encoded.is_set():
        ladder = packaged.propose(known, Prompt([(40, 50)]))
        clicks.append(time.monotonic())
        assert [one.rle for one in ladder] == [one.rle for one in before]
    thread.join(60)
    assert len(clicks) > 6  # three, if each waited for an encoding
