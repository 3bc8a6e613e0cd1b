"""A choice between two people's masks holds until it is lifted, and nobody's work is lost with it."""

import json

import numpy as np
import pytest
from sqlalchemy.event import listen

from semsam_annotate.annotations.drafts import draft, now
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.people.conflicts import choose, conflicts, release
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.forgetting import forget
from semsam_annotate.api import BadInput


def box(x0, y0, x1, y1):
    mask = np.zeros((24, 32), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def rivals(store, image):
    """Ann's car with a wheel, and ben's bus on the same pixels."""
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    wheel = store.accept(image, mask=box(0, 0, 4, 4), part="wheel", part_of=car.id, author="ann")
    bus = store.accept(image, mask=box(0, 0, 20, 19), object="bus", author="ben")
    return car, wheel, bus


def test_a_choice_that_was_taken_back_says_nothing_any_more(store, rivals):
    car, wheel, bus = rivals
    choose(store, bus.id, "dan")
    assert store.get(wheel.id).part_of == bus.id
    release(store, car.id, "dan")
    van = store.supersede(car.id, object="van", author="ann")
    store.delete(van.id, "ann")
    assert store.get(wheel.id).part_of == van.id
    with pytest.raises(BadInput, match="no other mask was chosen over"):
        release(store, car.id)
    assert store.get(car.id).status == "superseded"


def test_the_choice_of_a_past_time_is_that_of_then(store, image, rivals, tmp_path):
    car, _, bus = rivals
    lorry = store.accept(image, mask=box(0, 0, 20, 16), object="lorry", author="ben")
    choose(store, bus.id, "dan")
    store.export("coco", tmp_path / "then.json")
    then = now()
    release(store, car.id)
    store.delete(bus.id)
    choose(store, lorry.id, "dan")
    store.export("coco", tmp_path / "again.json", time=then)
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads((tmp_path / "then.json").read_text())


def test_forgetting_gives_back_only_what_still_gave_way(project, image):
    store = project.store
    first, second, third = (
        store.accept(image, mask=box(0, 0, 20, 20 - row), object=author, author=author)
        for row, author in enumerate(("ben", "ann", "cem"))
    )
    choose(store, second.id, "dan")
    for loser in (first, third):
        release(store, loser.id)
    choose(store, third.id, "dan")
    forget(project, "ann")
    assert [record.id for record in store.annotations()] == [third.id]


def test_the_end_of_a_chain_is_found_at_once_however_long_it_is(store, rivals):
    car, wheel, _ = rivals
    told = []
    listen(store.engine, "before_cursor_execute", lambda *_: told.append(1))
    asked = []
    for links in (2, 30):
        last = car
        for edits in range(links):
            last = store.supersede(last.id, edits=edits)
        told.clear()
        assert store.get(wheel.id).part_of == last.id
        asked.append(len(told))
        car = last
    assert asked[0] == asked[1]


def taken_back_as_a_step(store, image, bus):
    store.journal.perform(Desk(image, (), "ben"), Deed("deleted", delete=(bus.id,)))
    return ["car", "wheel"]


def corrected_and_deleted(store, image, bus):
    store.delete(store.supersede(bus.id, object="van", author="cem").id)
    return ["car", "wheel"]


def correction_taken_back(store, image, bus):
    desk = Desk(image, (), "ben")
    store.journal.perform(desk, Deed("renamed", correct=((bus.id, {"object": "van"}),)))
    store.journal.undo(desk)
    return ["bus", "wheel"]


def merged_into_another(store, image, bus):
    trailer = store.accept(image, mask=box(20, 0, 30, 19), object="trailer", author="ben")
    mask = box(0, 0, 30, 19)
    store.journal.perform(
        Desk(image, (), "ben"), Deed("merged", correct=((trailer.id, {"mask": mask}),), delete=(bus.id,))
    )
    return ["trailer", "wheel"]


def refused(store, image, bus):
    store.set_status(bus.id, "rejected", "ben")
    return ["car", "wheel"]


def called(store, wheel):
    """What the wheel, with its corrections, is called and belongs to."""
    (now_it,) = [one for one in store.annotations() if one.part == "wheel"]
    return now_it.object, store.get(now_it.part_of).object, store.get(wheel.id).part_of == now_it.part_of


def test_parts_are_called_after_the_object_that_stands(store, image, rivals):
    car, wheel, bus = rivals
    rim = store.accept(image, mask=box(0, 0, 2, 2), part="rim", part_of=wheel.id, author="ann")
    sign = store.accept(image, mask=box(4, 4, 6, 6), object="taxi", part="sign", part_of=car.id, author="ann")
    choose(store, bus.id, "dan")
    assert called(store, wheel) == ("bus", "bus", True)
    assert {one.part: one.object for one in store.annotations() if one.part} == {
        "wheel": "bus", "rim": "bus", "sign": "taxi",
    }  # fmt: skip
    release(store, car.id, "dan")
    assert called(store, wheel) == ("car", "car", True)
    choose(store, bus.id, "dan")
    desk = Desk(image, (), "ben")
    change = store.journal.perform(desk, Deed("deleted", delete=(bus.id,)))
    assert called(store, wheel) == ("car", "car", True)
    came = {mask.id for mask in change.brought}
    assert {car.id, *change.replaced.values()} == came
    assert set(change.replaced) | {bus.id} == set(change.out)
    assert {one.id for one in store.annotations()} == {*came, sign.id}
    assert store.get(rim.id).status == "superseded"
    assert check(store) == []


@pytest.mark.parametrize(
    "goes",
    [taken_back_as_a_step, corrected_and_deleted, correction_taken_back, merged_into_another, refused],
)
def test_the_loser_stands_again_exactly_when_nothing_stands_for_it(goes, store, image, rivals):
    _, _, bus = rivals
    choose(store, bus.id, "dan")
    names = goes(store, image, bus)
    assert sorted(record.part or record.object for record in store.annotations()) == names
    assert check(store) == []


def test_a_step_tells_which_masks_came_back_and_can_itself_be_taken_back(store, image):
    desk = Desk(image, (), "ben")
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    bus = draft(image, None, {"mask": box(0, 0, 20, 19), "object": "bus", "author": "ben"})
    store.journal.perform(desk, Deed("bus", accept=(bus,)))
    choose(store, bus.id)
    back = store.journal.undo(desk)
    assert (back.out, [mask.id for mask in back.brought]) == ((bus.id,), [car.id])
    assert [mask.id for mask in store.journal.redo(desk).brought] == [bus.id]
    assert {mask.id for mask in store.annotations()} == {car.id, bus.id}
    assert len(list(conflicts(store))) == 1
    store.undo(bus.id)
    assert [mask.id for mask in store.annotations()] == [car.id]


def test_forgetting_follows_corrections_of_what_was_chosen(project, image):
    store = project.store
    for last, stands in (("ann", "car"), ("ben", "lorry")):
        car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="cem")
        wheel = store.accept(image, mask=box(0, 0, 4, 4), part="wheel", part_of=car.id, author="cem")
        bus = store.accept(image, mask=box(0, 0, 20, 19), object="bus", author="ann")
        choose(store, bus.id)
        van = store.supersede(bus.id, object="van", author="ann")
        store.supersede(van.id, object="lorry", author=last)
        forget(project, "ann")
        top = store.get(store.get(wheel.id).part_of)
        assert (top.object, top.status) == (stands, "accepted")
        assert check(store) == []
        for id in {wheel.id, top.id}:
            store.delete(id)


def test_what_was_chosen_over_cannot_be_undone_but_is_released(store, rivals):
    car, _, bus = rivals
    choose(store, bus.id)
    with pytest.raises(BadInput, match=f"{bus.id} was chosen over .* --release {car.id}"):
        store.undo(car.id)
