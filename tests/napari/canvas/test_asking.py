"""What a click costs the engine, and what is drawn while it works."""

import numpy as np
import pytest
from napari.components import ViewerModel

from semsam_annotate.api import Prompt
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.session import AnnotationSession

PART, BESIDE, SQUARE = (60.0, 70.0), (61.0, 71.0), (40.0, 50.0)


@pytest.fixture
def asked(link):
    """Prompts that the engine answers, in order."""
    engine, prompts = link.engine, []
    propose = engine.propose
    engine.propose = lambda embedding, prompt, words=None: prompts.append(prompt) or propose(embedding, prompt, words)
    return prompts


def looked(annotator, hand, pump, place):
    """The pointer rests at a place, so that the mask under it is known."""
    if annotator.session.candidate.ladder is None:
        hand.click(place)
    hand.press("Escape")
    hand.move(place)
    pump.until(lambda: annotator.hover.proposal is not None)


def test_a_click_where_the_pointer_rests_asks_nothing_more(annotator, hand, pump, asked):
    looked(annotator, hand, pump, PART)
    count = len(asked)
    hand.click(PART, wait=False)
    assert not annotator.session.waiting
    assert annotator.session.candidate.ladder is not None
    assert annotator.session.candidate.clicks[0].point == PART[::-1]
    assert len(asked) == count


@pytest.mark.parametrize("place", [BESIDE, SQUARE])
def test_a_click_elsewhere_asks(annotator, hand, pump, asked, place):
    looked(annotator, hand, pump, PART)
    count = len(asked)
    hand.click(place)
    assert asked[count:] == [Prompt([place[::-1]])]


def test_a_click_within_a_pixel_is_at_its_centre(annotator, hand, pump, asked):
    looked(annotator, hand, pump, PART)
    hand.click((PART[0] + 0.3, PART[1] - 0.4), wait=False)
    assert annotator.session.candidate.clicks[0].point == PART[::-1]
    assert not annotator.session.waiting


def test_an_accepted_mask_changes_names_so_that_is_asked_anew(annotator, hand, pump, asked):
    looked(annotator, hand, pump, PART)
    hand.click(PART, wait=False)
    hand.press("Enter")
    count = len(asked)
    hand.click(PART)
    assert len(asked) == count + 1


def test_new_names_are_asked_anew(annotator, hand, pump, asked):
    looked(annotator, hand, pump, PART)
    annotator.session.ledger.learn("boat", "mast")
    count = len(asked)
    hand.click(PART)
    assert len(asked) == count + 1


def test_a_look_that_is_on_its_way_answers_the_click(annotator, hand, pump, asked):
    looked(annotator, hand, pump, PART)
    hand.move(SQUARE)
    hand.click(SQUARE, wait=False)
    assert annotator.session.waiting
    looks = []
    annotator.worker.glanced.connect(lambda glance, ladder: looks.append(annotator.session.waiting))
    pump.until(lambda: not annotator.session.waiting)
    shown = annotator.session.candidate
    assert shown.ladder is not None
    ticket = annotator.session.ticket
    hand.pump.until(lambda: bool(looks) or annotator.hover.proposal is None)
    annotator.session.answer(ticket, shown.ladder)
    assert annotator.session.candidate is shown, "a second answer to one click changed what a person sees"


def test_what_is_shown_stays_until_the_answer_or_a_moment_later(viewer, ledger, worker, pump, hand_of, link):
    later = []
    annotator = Annotator(viewer, AnnotationSession(ledger), worker, later.append)
    hand = hand_of(annotator)
    hand.click(PART)
    drawn = np.asarray(annotator.layers.candidate.data).copy()
    assert drawn.any()
    link.engine.delay = 0.05
    hand.click(SQUARE, wait=False)
    assert annotator.session.waiting
    assert np.array_equal(annotator.layers.candidate.data, drawn)
    assert annotator.layers.clicks.data.tolist() == [list(PART)]
    later.pop()()
    assert not np.asarray(annotator.layers.candidate.data).any()
    assert annotator.layers.clicks.data.tolist() == [list(SQUARE)]
    pump.until(lambda: not annotator.session.waiting)
    now = np.asarray(annotator.layers.candidate.data).copy()
    assert now.any()
    for action in later:
        action()
    assert np.array_equal(annotator.layers.candidate.data, now)
    annotator.close()
    for action in later:
        action()


def test_a_fresh_engine_is_asked_what_the_one_before_had_not_answered(annotator, hand, pump, link):
    hand.click(PART)
    link.engine.delay = 0.05
    hand.press("Escape")
    hand.click(SQUARE, wait=False)
    assert annotator.session.waiting
    annotator.worker.cancel()
    annotator.asking.ask_anew()
    pump.until(lambda: not annotator.session.waiting)
    assert annotator.session.candidate.clicks[0].point == SQUARE[::-1]
    assert annotator.session.candidate.ladder is not None


@pytest.mark.parametrize("fresh", [True, False])
def test_carrying_goes_on_with_a_fresh_engine_and_ends_with_a_search(annotate, scene, hand_of, pump, fresh):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene] * 3), rgb=True)
    viewer.dims.set_current_step(0, 0)
    annotator = annotate(viewer)
    hand_of(annotator).click(PART)
    annotator.session.accept()
    annotator.actions["carry on"]()
    assert annotator.carrying.running
    if fresh:
        annotator.worker.cancel()
        annotator.asking.ask_anew()
        pump.until(lambda: not annotator.carrying.running)
        assert annotator.session.picture.plane == (2,)
    else:
        annotator.actions["propose"]()
        assert not annotator.carrying.running
        pump.until(lambda: bool(annotator.review.items))
