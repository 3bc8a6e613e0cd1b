"""Servers that share a project's queue of pre-labels."""

import pytest

from semsam_annotate.backend.label_studio.prelabel_queue import PrelabelQueue


@pytest.fixture
def servers(tmp_path):
    queues = [PrelabelQueue(tmp_path / "prelabelling.sqlite") for _ in range(2)]
    yield queues
    for queue in queues:
        queue.close()


def test_what_one_answers_the_other_does_not_predict(servers):
    one, other = servers
    assert one.claim("1.5", "<View/>", {7: "/a.png", 8: "/b.png"}) == {7, 8}
    assert (other.take(), other.claim("1.5", "<View/>", {7: "/a.png"})) == (None, set())
    one.answered("1.5", [7])
    one.release("1.5", [8])
    assert (other.take().task, other.take()) == (8, None)
    assert (one.take(), one.claim("1.5", "<View/>", {8: "/b.png"})) == (None, set())
    assert one.counts()["waiting"] == 1


def test_what_a_killed_server_worked_on_waits_again(servers):
    one, other = servers
    one.settle_seconds = 0.0
    one.claim("1.5", "<View/>", {7: "/a.png"})
    assert other.take().task == 7
