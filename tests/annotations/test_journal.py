"""Steps that can be taken back: store and a plain list of states agree, whatever is done, after a restart too."""

import random

import pytest

from semsam_annotate.annotations import AnnotationStore
from semsam_annotate.annotations.drafts import draft
from semsam_annotate.annotations.journal import Deed, Desk, StepStands
from semsam_annotate.annotations.people.reviews import reviewed, set_reviews
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES, Word
from semsam_annotate.api import BadInput


def accepted(store, image):
    """What a person sees, with the last word on each mask."""
    words = {one.id: (one.state, one.reviewer, one.comment) for one in reviewed(store)}
    return {(record.id, record.object, record.part_of, *words[record.id]) for record in store.annotations(image=image)}


@pytest.fixture
def desk(image):
    return Desk(image, (), "ann")


def test_every_step_goes_back_and_comes_again(store, desk, image, propose):
    journal = store.journal
    car = journal.perform(desk, Deed("car", accept=(draft(image, propose(), {"object": "car"}),))).brought[0]
    wheel = draft(image, propose(1), {"part": "wheel", "part_of": car.id})
    wheel = journal.perform(desk, Deed("wheel", accept=(wheel,))).brought[0]
    before = accepted(store, image)
    renamed = journal.perform(desk, Deed("rename", correct=((car.id, {"object": "van"}),)))
    (van,) = renamed.brought
    assert renamed.out == (car.id,)
    assert renamed.replaced == {car.id: van.id}
    assert store.get(wheel.id).part_of == van.id
    after = accepted(store, image)
    back = journal.undo(desk)
    assert back.replaced == {van.id: car.id}
    assert accepted(store, image) == before
    assert store.get(wheel.id).part_of == car.id
    again = journal.redo(desk)
    assert (again.out, again.replaced) == (renamed.out, renamed.replaced)
    assert accepted(store, image) == after
    assert van.author == "ann"


def test_merging_keeps_the_parts_of_both(store, desk, image, propose):
    accept = [store.accept(image, propose(seed), object="car") for seed in (0, 1)]
    wheel = store.accept(image, propose(2), part="wheel", part_of=accept[1].id)
    kept, other = accept
    corrections = ((kept.id, {"mask": propose(3).mask}), (wheel.id, {"part_of": kept.id}))
    change = store.journal.perform(desk, Deed("merge", correct=corrections, delete=(other.id,)))
    merged, moved = change.brought
    assert moved.part_of == merged.id
    assert {record.id for record in store.annotations()} == {merged.id, moved.id}
    store.journal.undo(desk)
    assert {record.id for record in store.annotations()} == {kept.id, other.id, wheel.id}
    assert store.get(wheel.id).part_of == other.id


def test_desks_do_not_see_each_other(store, desk, image, photo, propose):
    store.journal.perform(desk, Deed("one", accept=(draft(image, propose(), {}),)))
    others = Desk(photo(1), (), "ann"), Desk(image, (1,), "ann"), Desk(image, (), "bob"), Desk(image)
    for other in others:
        assert store.journal.undo(other) is None
        assert store.journal.redo(other) is None
    assert store.journal.undo(desk).title == "one"


def test_what_somebody_else_changed_is_not_taken_back(store, desk, image, propose):
    made = store.journal.perform(desk, Deed("one", accept=(draft(image, propose(), {}),))).brought[0]
    store.supersede(made.id, object="boat")
    with pytest.raises(BadInput, match="somebody has changed"):
        store.journal.undo(desk)
    assert [record.object for record in store.annotations()] == ["boat"]


def test_a_deed_happens_whole_or_not_at_all(store, desk, image, propose):
    made = store.accept(image, propose())
    with pytest.raises(BadInput):
        store.journal.perform(desk, Deed("bad", delete=(made.id, "nobody")))
    assert store.get(made.id).status == "accepted"
    assert store.journal.undo(desk) is None


def test_a_review_taken_back_leaves_what_was_said_before_by_whom(store, desk, image, propose):
    first, second = (store.accept(image, propose(seed), object="car").id for seed in (0, 1))
    set_reviews(store, [first], CHANGES, "bob", "the mirror")
    before = accepted(store, image)
    review = Deed("approved", review=((first, Word(APPROVED)), (second, Word(APPROVED))))
    change = store.journal.perform(desk, review)
    assert (change.out, change.replaced) == ((first, second), {first: first, second: second})
    assert [record.review for record in change.brought] == [APPROVED, APPROVED]
    after = accepted(store, image)
    assert {row[4] for row in after} == {"ann"}
    back = store.journal.undo(desk)
    assert [(record.id, record.review) for record in back.brought] == [(first, CHANGES), (second, None)]
    assert accepted(store, image) == before
    assert [one.id for one in reviewed(store, "new")] == [second]
    store.journal.redo(desk)
    assert accepted(store, image) == after


def test_a_review_that_somebody_has_answered_is_not_taken_back(store, desk, image, propose):
    made = store.accept(image, propose())
    store.journal.perform(desk, Deed("approved", review=((made.id, Word(APPROVED)),)))
    set_reviews(store, [made.id], CHANGES, "bob", "the mirror")
    with pytest.raises(BadInput, match="somebody has reviewed"):
        store.journal.undo(desk)
    store.delete(made.id)
    with pytest.raises(BadInput, match="only accepted masks"):
        store.journal.perform(desk, Deed("approved", review=((made.id, Word(APPROVED)),)))
    assert store.get(made.id).review == CHANGES


def random_deed(rng, store, image, propose):
    ids = [record.id for record in store.annotations()]
    new = draft(image, propose(rng.randrange(9)), {"object": rng.choice("abc")})
    choices = [Deed("accept", accept=(new,))]
    if ids:
        id = rng.choice(ids)
        word = rng.choice([Word(APPROVED), Word(CHANGES, comment=rng.choice("xyz"))])
        choices.append(Deed("review", review=tuple((one, word) for one in rng.sample(ids, min(len(ids), 2)))))
        choices += [Deed("delete", delete=(id,)), Deed("rename", correct=((id, {"object": rng.choice("xyz")}),))]
    if len(ids) > 1:
        first, second = rng.sample(ids, 2)
        choices.append(Deed("merge", correct=((first, {"object": "m"}),), delete=(second,)))
    return rng.choice(choices)


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.stress)])
def test_any_order_of_steps_agrees_with_a_list_of_states(tmp_path, image, propose, count):
    rng, path, desk = random.Random(4), tmp_path / "a.sqlite", Desk(image)
    store = AnnotationStore.open(path)
    done, undone = [accepted(store, image)], []
    for _ in range(count):
        turn = rng.random()
        if turn < 0.5:
            store.journal.perform(desk, random_deed(rng, store, image, propose))
            done, undone = [*done, accepted(store, image)], []
        elif turn < 0.8:
            assert (store.journal.undo(desk) is None) == (len(done) == 1)
            undone = [*undone, done.pop()] if len(done) > 1 else undone
        elif turn < 0.95:
            assert (store.journal.redo(desk) is None) == (not undone)
            done = [*done, undone.pop()] if undone else done
        else:
            store.close()
            store = AnnotationStore.open(path)
        assert accepted(store, image) == done[-1]
    store.close()


def test_a_step_that_stands_can_be_passed_over_and_the_one_before_it_taken_back_and_done_again(
    store, desk, image, propose
):
    first, second = (
        store.journal.perform(desk, Deed(name, accept=(draft(image, propose(seed), {"object": name}),))).brought[0]
        for seed, name in enumerate(("car", "dog"))
    )
    boat = store.supersede(second.id, object="boat")
    with pytest.raises(StepStands) as stands:
        store.journal.undo(desk)
    passed = {stands.value.number}
    assert store.journal.undo(desk, passed).out == (first.id,)
    assert [record.id for record in store.annotations()] == [boat.id]
    assert store.journal.undo(desk, passed) is None
    assert [record.id for record in store.journal.redo(desk).brought] == [first.id]
    assert {record.id for record in store.annotations()} == {first.id, boat.id}
    store.undo(boat.id)
    assert store.journal.undo(desk).out == (first.id,)
    assert store.journal.undo(desk).out == (second.id,)
    assert store.annotations() == []


def test_a_refusal_is_a_step_like_any_other(store, desk, image, propose):
    kept = store.journal.perform(desk, Deed("kept", accept=(draft(image, propose(1), {}),))).brought[0]
    change = store.journal.perform(desk, Deed("refused", refuse=(draft(image, propose(), {}),)))
    (refused,) = change.refused
    assert change.brought == ()
    for _ in range(2):
        assert [record.id for record in store.annotations("rejected")] == [refused]
        assert [record.id for record in store.annotations()] == [kept.id]
        assert store.journal.undo(desk).out == (refused,)
        assert store.annotations("rejected") == []
        again = store.journal.redo(desk)
        assert (again.brought, again.refused) == ((), (refused,))
    assert store.journal.undo(desk).title == "refused"
    assert store.journal.undo(desk).title == "kept"


def test_a_refused_mask_that_somebody_accepted_since_stays(store, desk, image, propose):
    (refused,) = store.journal.perform(desk, Deed("refused", refuse=(draft(image, propose(), {}),))).refused
    store.set_status(refused, "accepted", "ben")
    with pytest.raises(StepStands, match="is accepted now"):
        store.journal.undo(desk)
    assert [record.id for record in store.annotations()] == [refused]
