"""The session without Qt, on a real project folder: pointing, moving, accepting, taking back."""

import random

import numpy as np
import pytest

from semsam_annotate.api import Prompt
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.session import AUTOMATIC, AnnotationSession

PART, SQUARE, OUTSIDE = (70.0, 60.0), (45.0, 35.0), (5.0, 5.0)
"""(x, y) in the scene: the dark part, the red square, the background."""


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
    clock.return_value += 4.5
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


def test_hints_are_taken_back_in_the_order_they_were_given(session):
    session.click(PART)
    session.draw_box((40, 30, 100, 90))
    session.draw_stroke([(45.0, 35.0), (50.0, 36.0)])
    session.click(OUTSIDE, positive=False)
    asked = []
    while not session.candidate.empty:
        asked.append(session.candidate.prompt)
        session.undo()
    assert asked[1] == Prompt([PART], box=(40, 30, 100, 90), scribble=[(45.0, 35.0), (50.0, 36.0)])
    assert asked[2:] == [Prompt([PART], box=(40, 30, 100, 90)), Prompt([PART])]


def test_words_and_a_rough_mask_start_anew(session, picture):
    session.click(PART)
    session.describe("  left wheel ")
    assert session.candidate.prompt == Prompt(text="left wheel")
    session.describe(" ")
    assert "type what to look for" in session.lines[-1]
    session.click(PART)
    rough = np.zeros(picture.size, bool)
    rough[3:9, 4:8] = True
    session.paste(rough)
    assert session.candidate.prompt == Prompt(mask=rough)
    session.paste(np.ones((3, 3), bool))
    assert "3x3" in session.lines[-1]


def test_a_slider_goes_from_the_finest_mask_to_the_coarsest(session):
    session.show_granularity(0.5)
    session.click(PART)
    for granularity, rung in ((0.0, 0), (1.0, len(session.candidate.ladder) - 1)):
        session.show_granularity(granularity)
        assert session.candidate.rung == rung
        assert session.candidate.granularity == granularity


def test_without_a_picture_nothing_breaks(session, editing):
    session.open(None)
    for action in (session.drop, session.undo, session.redo, session.accept, lambda: session.move(1)):
        action()
    session.click(PART)
    editing.delete_at(PART)
    assert session.accepted == []


def edits(rng: random.Random, session: AnnotationSession, editing: MaskEditing):
    ids = [mask.id for mask in session.accepted]
    some = rng.sample(ids, min(len(ids), 2))
    return [
        lambda: editing.merge(some),
        lambda: editing.delete(some, with_parts=rng.random() < 0.5),
        lambda: editing.review(some, rng.choice([None, "smaller", "other name"])),
        lambda: editing.mark(some, hidden=rng.random() < 0.5, locked=rng.random() < 0.2),
        lambda: [editing.attach([id], rng.choice([None, *ids])) for id in some],
        lambda: [editing.rename(id, rng.choice(["car", "boat"]), rng.choice(["wheel", ""])) for id in some],
    ]


def random_action(rng: random.Random, session: AnnotationSession, editing: MaskEditing):
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
            lambda: editing.delete_at(point),
            *edits(rng, session, editing),
        ]
    )


@pytest.mark.parametrize("count", [300, pytest.param(3000, marks=pytest.mark.stress)])
def test_any_order_of_actions_keeps_view_and_store_the_same(session, editing, ledger, picture, count):
    rng = random.Random(7)
    for _ in range(count):
        random_action(rng, session, editing)()
    assert session.accepted == ledger.masks(picture)
