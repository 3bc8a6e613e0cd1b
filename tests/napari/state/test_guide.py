"""The guide goes on when a step was really done, with a real session; it never stands in the way or comes back."""

import pytest

from semsam_annotate.napari.canvas.keys import DEFAULTS
from semsam_annotate.napari.state.guide import STEPS, Guide
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.review import ReviewQueue

SQUARE, PART = (45.0, 40.0), (70.0, 60.0)
DEEDS = [step.deed for step in STEPS]


@pytest.fixture
def review(session):
    return ReviewQueue(session)


@pytest.fixture
def hover(session, link, picture):
    engine, hover = link.engine, Hover(session)
    hover.asked.connect(lambda prompt: hover.answer(prompt, engine.propose(engine.encode(picture.rgb), prompt)))
    return hover


@pytest.fixture
def guide(session, hover, review):
    guide = Guide()
    guide.watch(session, hover, review)
    guide.start()
    return guide


def find_all(session, review, link, picture):
    review.load(link.engine.auto(link.engine.encode(picture.rgb)))


def test_the_whole_way_each_step_by_its_own_deed(guide, session, hover, review, link, picture):
    seen = [guide.at]
    deeds = (
        lambda: hover.move(SQUARE),
        lambda: session.click(SQUARE),
        lambda: session.move(1 if session.candidate.rung == 0 else -1),
        lambda: session.accept(),
        lambda: session.click(PART),
        lambda: session.accept(),
        lambda: find_all(session, review, link, picture),
        lambda: session.undo(),
    )
    for deed in deeds:
        deed()
        seen.append(guide.at)
    assert seen == list(range(1, len(STEPS)))
    assert guide.step is STEPS[-1]


def test_other_deeds_do_not_count(guide, session, review):
    for deed in (session.undo, session.drop, review.reject, session.accept):
        deed()
        assert guide.at == DEEDS.index("hover")
    session.click(SQUARE)
    session.show_rung(session.candidate.rung)
    assert guide.step.deed == "move"
    session.click(PART)  # another mask instead of another size
    assert guide.step.deed == "move"


def test_who_is_faster_skips_what_can_be_left_out_and_nothing_else(guide, session):
    session.click(SQUARE)
    assert guide.step.deed == "move"
    session.accept()
    assert guide.at == DEEDS.index("click", DEEDS.index("accept"))
    guide.start()
    guide.skip()
    guide.skip()
    guide.skip()
    assert guide.step.deed == "accept"
    session.click(PART)
    assert guide.step.deed == "accept"


def test_without_an_image_it_begins_with_opening_one(ledger, session, hover, review, picture):
    guide = Guide()
    guide.start()
    assert guide.step.deed == "open"
    session.open(None)
    guide.watch(session, hover, review)
    assert guide.step.deed == "open"
    session.open(picture)
    assert guide.step.deed == "hover"


def test_closed_it_stays_closed_whatever_is_done(guide, session):
    closed = []
    guide.closed.connect(lambda: closed.append(True))
    guide.close()
    guide.close()
    session.click(SQUARE)
    session.accept()
    assert (guide.step, closed) == (None, [True])
    guide.start()
    for _ in STEPS:
        guide.skip()
    assert (guide.step, closed) == (None, [True, True])


def test_released_it_sees_nothing(guide, session):
    guide.release()
    session.click(SQUARE)
    assert guide.step.deed == "hover"


def test_every_key_it_names_is_one():
    keys = dict.fromkeys(DEFAULTS, "key")
    assert all("{" not in step.says.format_map(keys) for step in STEPS)
