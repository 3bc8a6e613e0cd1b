"""Answers that come late, or for an earlier click, or never."""

import pytest

from semsam_annotate.napari.state.session import AnnotationSession

PART, OUTSIDE = (70.0, 60.0), (5.0, 5.0)
"""(x, y) in the scene."""


@pytest.fixture
def deaf(ledger, picture) -> AnnotationSession:
    """A session whose engine has not answered yet."""
    session = AnnotationSession(ledger)
    session.lines = []
    session.told.connect(session.lines.append)
    session.open(picture)
    return session


def test_stale_answers_are_ignored(deaf, link, picture):
    engine = link.engine
    tickets = []
    deaf.asked.connect(lambda ticket, prompt: tickets.append((ticket, prompt)))
    deaf.click(PART)
    deaf.click(OUTSIDE)
    embedding = engine.encode(picture.rgb)
    deaf.answer(tickets[0][0], engine.propose(embedding, tickets[0][1]))
    assert deaf.candidate.ladder is None
    deaf.answer(tickets[1][0], engine.propose(embedding, tickets[1][1]))
    assert deaf.candidate.ladder is not None
    deaf.drop()
    deaf.answer(tickets[1][0], engine.propose(embedding, tickets[1][1]))
    assert deaf.candidate.ladder is None


def test_nothing_is_accepted_while_an_answer_is_on_its_way(deaf):
    deaf.click(PART)
    assert deaf.accept() is None
    assert deaf.accepted == []
    deaf.refuse(deaf.ticket, "the engine died")
    assert deaf.lines[-1] == "the engine died"
    assert not deaf.waiting
