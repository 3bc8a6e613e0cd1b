"""Hovering: one question at a time, the newest place wins, a mask being made is never disturbed."""

import pytest

from semsam_annotate.api import Prompt
from semsam_annotate.napari.state.hover import PATIENCE, Hover

PART, SQUARE, OUTSIDE = (70.0, 60.0), (45.0, 35.0), (500.0, 5.0)
"""(x, y) in the scene, and beyond it."""


@pytest.fixture
def hover(session, clock):
    hover = Hover(session, clock)
    hover.questions = []
    hover.asked.connect(hover.questions.append)
    return hover


@pytest.fixture
def look(link, picture):
    return lambda prompt: link.engine.propose(link.engine.encode(picture.rgb), prompt)


def test_while_an_answer_is_on_its_way_only_the_newest_place_is_kept(hover, look):
    for x in (70.2, 60.0, 50.0, 45.0):
        hover.move((x, 60.0))
    assert hover.questions == [Prompt([(70.0, 60.0)])]
    hover.answer(hover.questions[0], look(hover.questions[0]))
    assert hover.proposal.area > 0
    assert hover.questions[1:] == [Prompt([(45.0, 60.0)])]
    hover.answer(hover.questions[1], look(hover.questions[1]))
    assert len(hover.questions) == 2


def test_a_click_ends_the_preview_and_none_comes_while_a_mask_is_made(hover, look, session):
    hover.move(PART)
    session.click(PART)
    hover.answer(hover.questions[0], look(hover.questions[0]))
    hover.move(SQUARE)
    assert hover.proposal is None
    assert len(hover.questions) == 1
    session.drop()
    hover.move(SQUARE)
    assert len(hover.questions) == 2


def test_leaving_the_picture_clears_it_and_an_old_answer_does_not_bring_it_back(hover, look):
    shown = []
    hover.changed.connect(shown.append)
    hover.move(PART)
    hover.move(OUTSIDE)
    hover.answer(hover.questions[0], look(hover.questions[0]))
    assert shown == []
    hover.move(PART)
    hover.answer(hover.questions[1], look(hover.questions[1]))
    hover.move(OUTSIDE)
    assert shown[-1] is None


def test_no_answer_is_no_end(hover):
    hover.move(PART)
    hover.answer(hover.questions[0], None)
    hover.move(SQUARE)
    assert len(hover.questions) == 2
    assert hover.proposal is None


def test_it_can_be_switched_off_and_needs_a_picture(hover, session):
    hover.enabled = False
    hover.move(PART)
    hover.enabled = True
    session.open(None)
    hover.move(PART)
    assert hover.questions == []


def test_an_answer_that_never_comes_is_not_waited_for(hover, clock, look):
    hover.move(PART)
    hover.move(SQUARE)
    assert len(hover.questions) == 1
    clock.return_value += PATIENCE + 0.1
    hover.move(SQUARE)
    assert len(hover.questions) == 2
    hover.answer(hover.questions[0], look(hover.questions[0]))
    assert hover.proposal is None
    hover.answer(hover.questions[1], look(hover.questions[1]))
    assert hover.proposal is not None
