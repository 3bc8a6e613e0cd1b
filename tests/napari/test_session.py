"""The session without Qt, on a real project folder: pointing, moving, accepting, taking back."""

import random

import numpy as np
import pytest

from semsam_annotate.annotations import image_sha256
from semsam_annotate.api import Prompt
from semsam_annotate.napari.labels import LabelChoice
from semsam_annotate.napari.picture import Picture
from semsam_annotate.napari.session import AUTOMATIC, AnnotationSession

PART, SQUARE, OUTSIDE = (70.0, 60.0), (45.0, 35.0), (5.0, 5.0)
"""(x, y) in the scene: the dark part, the red square, the background."""


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def picture(scene) -> Picture:
    sha = image_sha256(scene)
    return Picture(scene, scene, sha, sha, "scene")


@pytest.fixture
def session(ledger, engine, picture, clock) -> AnnotationSession:
    session = AnnotationSession(ledger, clock)
    session.lines = []
    session.told.connect(session.lines.append)
    session.asked.connect(
        lambda ticket, prompt: session.answer(
            ticket, engine.propose(engine.encode(picture.rgb), prompt, ledger.vocabulary)
        )
    )
    session.open(picture)
    return session


@pytest.fixture
def deaf(ledger, picture, clock) -> AnnotationSession:
    """A session whose engine has not answered yet."""
    session = AnnotationSession(ledger, clock)
    session.lines = []
    session.told.connect(session.lines.append)
    session.open(picture)
    return session


def test_a_click_shows_the_best_rung_and_the_models_guess(session):
    session.click(PART)
    assert session.candidate.proposal == session.candidate.ladder.best
    assert session.choice == LabelChoice("car", "")
    session.show_rung(0)
    assert session.choice == LabelChoice("car", "wheel")
    assert session.candidate.proposal.mask.sum() == 400


def test_moving_stops_at_both_ends(session):
    session.click(PART)
    for steps in (-9, 9, 1, -1, -1):
        session.move(steps)
        assert 0 <= session.candidate.rung < len(session.candidate.ladder)
    session.drop()
    session.move(1)
    assert session.candidate.ladder is None


def test_names_chosen_by_hand_stay_along_the_ladder(session):
    session.click(PART)
    session.label(object="truck")
    session.move(-5)
    assert session.choice.object == "truck"
    session.accept()
    session.click(PART)
    assert session.choice.object == "car"


def test_the_record_says_how_it_came_to_be(session, ledger, clock, picture):
    session.click(PART)
    session.click((41.0, 31.0), extend=True)
    session.click(OUTSIDE, positive=False)
    clock.now += 4.5
    session.show_rung(0)
    session.label("car", "wheel")
    shown = session.candidate
    mask = session.accept()
    record = ledger.record(mask.id)
    assert np.array_equal(mask.mask, shown.proposal.mask)
    assert (record.object, record.part, record.kind) == ("car", "wheel", "part")
    assert (record.clicks, record.seconds, record.rung) == (3, 4.5, 0)
    assert record.prompt == Prompt([PART, (41.0, 31.0), OUTSIDE], [1, 1, 0])
    assert record.ladder == shown.ladder
    assert record.model == "regions-1"
    assert record.image.sha256 == picture.sha256
    assert session.candidate.empty
    assert [other.id for other in session.accepted] == [mask.id]


def test_a_part_belongs_to_the_smallest_mask_around_it(session, ledger):
    for rung in (2, 1):
        session.click(PART)
        session.show_rung(rung)
        session.label("car", "")
        session.accept()
    whole = session.accepted[1]
    session.click(PART)
    session.show_rung(0)
    session.label("car", "wheel")
    assert session.proposed_parent().id == whole.id
    part = session.accept()
    assert ledger.record(part.id).part_of == whole.id
    assert session.parent == AUTOMATIC


def test_a_parent_can_be_chosen_or_refused(session, ledger):
    for rung in (2, 1):
        session.click(PART)
        session.show_rung(rung)
        session.label("car", "")
        session.accept()
    for parent in (session.accepted[0].id, None):
        session.click(PART)
        session.show_rung(0)
        session.label("car", "wheel")
        session.choose_parent(parent)
        assert ledger.record(session.accept().id).part_of == parent


def test_a_new_name_extends_the_vocabulary(session, ledger):
    grown = []
    session.vocabulary_changed.connect(grown.append)
    session.click(PART)
    session.label("submarine", "periscope")
    session.accept()
    assert "submarine" in ledger.vocabulary.objects
    assert "periscope" in ledger.vocabulary.parts
    assert grown == [ledger.vocabulary]


def test_undo_takes_back_the_last_click_then_accepted_masks(session, ledger):
    session.click(SQUARE)
    first = session.accept()
    session.click(PART)
    session.click((41.0, 31.0), extend=True)
    session.undo()
    assert session.candidate.prompt == Prompt([PART])
    session.undo()
    assert session.candidate.empty
    session.undo()
    assert session.accepted == []
    assert ledger.record(first.id).status == "deleted"
    session.undo()
    assert "nothing to take back" in session.lines[-1]


def test_after_taking_back_another_rung_is_one_key_away(session):
    session.click(PART)
    session.show_rung(2)
    taken = session.accept()
    session.undo()
    assert session.candidate.proposal.area == taken.area
    session.move(-1)
    again = session.accept()
    assert again.area < taken.area
    assert [mask.id for mask in session.accepted] == [again.id]


def test_two_accepted_masks_go_with_two_undos_and_come_back_with_two_redos(session):
    masks = []
    for point in (PART, SQUARE):
        session.click(point)
        masks.append(session.accept().id)
    session.undo()
    session.undo()
    assert session.accepted == []
    session.redo()
    session.redo()
    assert sorted(mask.id for mask in session.accepted) == sorted(masks)
    session.redo()
    assert "nothing to do again" in session.lines[-1]


def test_delete_under_the_pointer_takes_the_smallest_and_undo_restores_it(session):
    for rung in (1, 0):
        session.click(PART)
        session.show_rung(rung)
        session.accept()
    small = min(session.accepted, key=lambda mask: mask.area)
    session.delete_at(PART)
    assert small.id not in [mask.id for mask in session.accepted]
    session.undo()
    assert small.id in [mask.id for mask in session.accepted]
    session.delete_at(OUTSIDE)
    assert len(session.accepted) == 2


def test_history_of_another_picture_is_left_alone(session, picture):
    session.click(PART)
    session.accept()
    other = picture.rgb[:, ::-1].copy()
    sha = image_sha256(other)
    session.open(Picture(other, other, sha, sha, "other"))
    session.undo()
    session.open(picture)
    assert len(session.accepted) == 1


def test_stale_answers_are_ignored(deaf, engine, picture):
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


def test_what_cannot_be_done_is_told(session):
    session.click((500.0, 5.0))
    assert "outside" in session.lines[-1]
    session.click(PART, positive=False)
    assert "click on the object first" in session.lines[-1]
    session.draw_box((5, 5, 5.2, 40))
    assert "smaller than a pixel" in session.lines[-1]
    session.draw_box((-50, -50, -10, -10))
    assert "outside" in session.lines[-1]
    assert session.accept() is None
    assert session.candidate.empty


def test_a_box_alone_is_a_prompt_and_its_corners_may_come_in_any_order(session):
    session.draw_box((100, 90, 40, 30))
    assert session.candidate.prompt == Prompt(box=(40, 30, 100, 90))
    assert session.candidate.ladder is not None


def test_without_a_picture_nothing_breaks(session):
    session.open(None)
    for action in (session.drop, session.undo, session.redo, session.accept, lambda: session.move(1)):
        action()
    session.click(PART)
    session.delete_at(PART)
    assert session.accepted == []


def test_export_writes_both_files(session, ledger):
    session.click(PART)
    session.show_rung(1)
    session.label("car", "")
    session.accept()
    session.click(PART)
    session.show_rung(0)
    session.label("car", "wheel")
    session.accept()
    written = session.export()
    assert sorted(path.name for path in written) == ["coco.json", "parts.json"]
    assert all(path.stat().st_size > 100 for path in written)


def random_action(rng: random.Random, session: AnnotationSession):
    point = (rng.uniform(-10, 170), rng.uniform(-10, 130))
    return rng.choice(
        [
            lambda: session.click(point),
            lambda: session.click(point, positive=False),
            lambda: session.click(point, extend=True),
            lambda: session.draw_box((*point, rng.uniform(0, 160), rng.uniform(0, 120))),
            lambda: session.move(rng.choice([-1, 1])),
            lambda: session.label(rng.choice(["car", "boat", ""]), rng.choice(["wheel", ""])),
            lambda: session.choose_parent(rng.choice([None, AUTOMATIC, *(mask.id for mask in session.accepted)])),
            session.accept,
            session.undo,
            session.redo,
            session.drop,
            lambda: session.delete_at(point),
        ]
    )


@pytest.mark.parametrize("count", [300, pytest.param(3000, marks=pytest.mark.stress)])
def test_any_order_of_actions_keeps_view_and_store_the_same(session, ledger, picture, count):
    rng = random.Random(7)
    for _ in range(count):
        random_action(rng, session)()
    assert session.accepted == ledger.masks(picture)
