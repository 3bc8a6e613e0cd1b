"""A choice between two people's masks holds until it is lifted, and nobody's work is lost with it."""

import json

import numpy as np
import pytest
from sqlalchemy.event import listen

from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.people.conflicts import choose, release
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
