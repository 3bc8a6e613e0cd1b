"""Carrying over ends with whatever else a person does, and with errors; doubtful masks wait until they are settled."""

import pytest
from psygnal import EmitLoopError

from semsam_annotate.annotations import image_sha256
from semsam_annotate.annotations.connection import StoreUnavailable
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.review import ReviewQueue

PART, SQUARE = (70.0, 60.0), (45.0, 35.0)


@pytest.mark.parametrize("end", ["drop", "undo", "step"])
def test_anything_else_a_person_does_ends_it(session, carrying, link, picture, ledger, frames, car, end):
    queue = ReviewQueue(session)
    carrying.asked.disconnect()
    carrying.start()
    assert carrying.running
    queue.load(link.engine.auto(link.engine.encode(picture.rgb), ledger.vocabulary))
    if end == "step":
        queue.step(1)
    else:
        getattr(session, end)()
    assert not carrying.running
    session.open(frames[0])
    carrying.start()
    assert carrying.running


def unavailable(*_):
    raise StoreUnavailable("the store is locked")


@pytest.mark.parametrize("method", ["masks", "carry"])
def test_a_store_that_fails_ends_it(session, carrying, ledger, frames, car, monkeypatch, method):
    with monkeypatch.context() as broken:
        broken.setattr(ledger, method, unavailable)
        with pytest.raises((StoreUnavailable, EmitLoopError)):
            carrying.start()
    assert not carrying.running
    session.open(frames[0])
    carrying.start()
    assert session.picture is frames[4]


def test_locked_masks_stay_and_go_on_from_there(session, editing, carrying, ledger, frames, car):
    carrying.start()
    locked = [mask.id for mask in ledger.masks(frames[2])]
    editing.mark(locked, locked=True)
    session.open(frames[0])
    carrying.start()
    assert [mask.id for mask in ledger.masks(frames[2])] == locked
    assert len(ledger.masks(frames[4])) == 2


@pytest.fixture
def doubts(session, carrying, frames, scene, car):
    """Tracks of two masks that are in doubt in the third frame, which is shown; the one on screen is the first."""
    gone = frames[2].rgb.copy()
    gone[:] = 10
    gone[0:3, 0:3] = 200
    frames[2] = Picture(gone, gone, image_sha256(gone), image_sha256(gone), "film", None, (2,))
    carrying.start()
    first = session.candidate.track
    return [first, *({one.source.track for one in carrying._doubts} - {first})]


@pytest.fixture
def queue(session, link, ledger, doubts):
    queue = ReviewQueue(session)
    queue.load(link.engine.auto(link.engine.encode(session.picture.rgb), ledger.vocabulary))
    return queue


def test_what_is_found_does_not_take_the_place_of_a_doubt(session, doubts, queue):
    count = len(queue.items)
    assert session.candidate.track == doubts[0]
    assert not queue.active
    queue.accept()
    assert len(queue.items) == count
    assert session.candidate.track == doubts[1]


def test_doubts_come_back_when_the_queue_is_done_with(session, doubts, queue):
    queue.step(1)
    assert queue.active
    assert session.candidate.track is None
    while queue.items:
        queue.reject()
    assert session.candidate.track == doubts[0]


def test_a_correction_of_a_doubt_leaves_the_queue_alone(session, doubts, queue):
    count = len(queue.items)
    session.click((1.0, 1.0), extend=True)
    assert session.candidate.track == doubts[0]
    assert queue.accept().track == doubts[0]
    assert len(queue.items) == count


def test_a_doubt_dropped_is_settled_and_another_mask_made_first_is_not_lost(session, doubts, frames):
    session.click(PART)
    assert session.accept().track is None
    assert session.candidate.track == doubts[0]
    session.drop()
    assert session.candidate.track == doubts[1]
    session.drop()
    assert session.candidate.idle
    session.click(PART)
    session.accept()
    assert session.candidate.idle


def test_a_doubt_accepted_taken_back_and_accepted_again_keeps_its_track(session, doubts):
    session.click((1.0, 1.0), extend=True)
    assert session.accept().track == doubts[0]
    session.undo()
    assert session.accept().track == doubts[0]


def test_a_step_done_again_leaves_the_doubts(session, doubts):
    session.click(PART)
    session.accept()
    session.undo()
    session.drop()
    session.redo()
    assert session.candidate.track == doubts[0]


def test_doubts_stay_with_their_frame(session, doubts, frames):
    session.open(frames[0])
    assert session.candidate.idle
    session.drop()
    assert session.candidate.idle
