"""The queue of what was found: in tree order, nothing twice, accepted in one step, taken back in one step."""

import numpy as np
import pytest

from semsam_annotate.api import rle_area
from semsam_annotate.napari.state.review import ReviewQueue

PART, SQUARE, OUTSIDE = (70.0, 60.0), (45.0, 35.0), (5.0, 5.0)
"""(x, y) in the scene: the dark part, the red square, the background."""


@pytest.fixture
def queue(session, link, picture, ledger):
    queue = ReviewQueue(session)
    queue.find = lambda: queue.load(link.engine.auto(link.engine.encode(picture.rgb), ledger.vocabulary))
    queue.find()
    return queue


def titles(session):
    return [(mask.title, mask.part_of is not None) for mask in session.accepted]


def test_objects_come_before_their_parts_and_the_end_is_the_start(queue, session):
    seen = []
    for _ in range(4):
        seen.append(session.candidate.proposal.area)
        queue.step(1)
    assert seen == [3600, 400, 19200, 3600]
    queue.step(-1)
    assert session.candidate.proposal.area == 3600
    assert queue.active


def test_the_ladder_of_a_mask_is_what_it_lies_in_and_what_lies_in_it(queue, session):
    assert [proposal.area for proposal in session.candidate.ladder] == [400, 3600]
    session.move(-1)
    assert session.choice.part == "wheel"
    assert queue.active


def test_accepting_goes_on_to_the_next(queue, session, ledger):
    queue.accept()
    assert session.candidate.proposal.area == 400
    queue.accept()
    assert titles(session) == [("car", False), ("wheel of car", True)]
    record = ledger.record(session.accepted[0].id)
    assert record.prompt is None
    assert record.model == "regions-1"
    queue.accept()
    assert queue.items == []
    assert session.candidate.proposal is None
    queue.step(1)
    queue.find()
    assert queue.items == []


def test_rejected_masks_are_kept_as_such_and_not_shown_again(queue, session, ledger):
    queue.reject()
    assert [item.proposal.area for item in queue.items] == [400, 19200]
    assert session.accepted == []
    (refused,) = ledger._project.store.annotations("rejected")
    assert np.array_equal(refused.mask["size"], [120, 160])
    session.click(PART)
    queue.reject()
    assert "nothing to reject" in session.lines[-1]


def test_all_above_a_score_are_one_step(queue, session, ledger, picture):
    assert queue.accept_above(0.65) == 2
    assert titles(session) == [("car", False), ("wheel of car", True)]
    assert [item.proposal.area for item in queue.items] == [19200]
    assert queue.accept_above(0.99) == 0
    assert session.accepted == ledger.masks(picture)
    session.undo()
    assert session.accepted == ledger.masks(picture) == []
    session.redo()
    assert len(session.accepted) == 2


def test_a_click_on_a_mask_found_corrects_it_and_a_plain_click_leaves_the_queue(queue, session):
    session.click(OUTSIDE, positive=False)
    assert session.candidate.prompt.mask is not None
    assert queue.active
    session.undo()
    assert session.candidate.proposal.area == 3600
    assert session.candidate.empty
    session.click(SQUARE)
    assert not queue.active
    assert session.candidate.prompt.mask is None
    queue.step(1)
    assert session.candidate.proposal.area == 3600


def test_what_was_accepted_before_is_not_found_again(session, link, picture, queue):
    session.click(SQUARE)
    session.show_rung(0)
    queue.accept()
    queue.find()
    assert [item.proposal.area for item in queue.items] == [400, 19200]


def test_another_picture_ends_the_queue(queue, session, picture):
    session.open(picture)
    assert queue.items == []
    queue.step(1)
    queue.reject()
    assert session.candidate.proposal is None


def test_what_is_found_late_does_not_take_the_place_of_a_mask_being_made(queue, session):
    session.click(SQUARE)
    made = session.candidate
    queue.find()
    assert session.candidate is made
    assert len(queue.items) == 3
    queue.step(1)
    assert session.candidate.proposal.area == 3600


def refused(ledger):
    return [rle_area(record.mask) for record in ledger._project.store.annotations("rejected")]


def test_a_refusal_can_be_taken_back_and_done_again(queue, session, ledger):
    queue.accept()
    queue.reject()
    assert refused(ledger) == [400]
    session.undo()
    assert refused(ledger) == []
    assert len(session.accepted) == 1
    assert session.candidate.proposal.area == 400
    assert [item.proposal.area for item in queue.items] == [400, 19200]
    session.redo()
    assert refused(ledger) == [400]
    assert [item.proposal.area for item in queue.items] == [19200]
    assert len(session.accepted) == 1
    session.undo()
    session.undo()
    assert session.accepted == ledger.masks(session.picture) == []


def test_refused_masks_are_not_found_again_after_a_restart_either(queue, session, picture):
    while queue.items:
        queue.reject()
    session.open(picture)
    queue.find()
    assert queue.items == []


def test_the_mask_shown_is_the_one_refused(queue, session, ledger):
    session.move(-1)
    assert session.candidate.proposal.area == 400
    queue.reject()
    assert refused(ledger) == [400]
    assert [item.proposal.area for item in queue.items] == [3600, 19200]
    assert session.candidate.proposal.area == 3600


def test_the_place_in_the_queue_stays_when_a_mask_before_it_is_refused(queue, session):
    queue.step(1)
    session.move(1)
    queue.reject()
    assert [item.proposal.area for item in queue.items] == [400, 19200]
    assert session.candidate.proposal.area == 400


@pytest.mark.parametrize("at", [0, 1])
def test_another_size_that_was_accepted_is_not_offered_again(queue, session, at):
    queue.step(at)
    offered = session.candidate.proposal
    session.move(-1 if at == 0 else 1)
    chosen = session.candidate.proposal
    assert chosen is not offered
    queue.accept()
    (left,) = queue.items
    assert left.proposal is not offered
    assert left.proposal is not chosen
    assert session.candidate.proposal is left.proposal
