"""Figures of people: nobody is credited with another one's work, and settling a conflict is no agreement."""

import numpy as np

from semsam_annotate.annotations.people.agreement import agreement
from semsam_annotate.annotations.people.authors import figures
from semsam_annotate.annotations.people.conflicts import choose, release
from semsam_annotate.annotations.people.reviews import reviewed, set_reviews
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES


def box(x0, y0, x1, y1):
    mask = np.zeros((24, 32), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def by_author(store):
    return {one.author: one for one in figures(store)}


def test_what_a_correction_took_over_is_not_work_of_who_corrected(store, image):
    effort = {"seconds": 100.0, "clicks": 20, "edits": 7}
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann", **effort)
    bus = store.supersede(car.id, object="bus", author="ben")
    store.supersede(bus.id, mask=box(0, 0, 20, 19), author="cem", edits=9)
    found = by_author(store)
    assert (found["ann"].seconds, found["ann"].clicks, found["ann"].edits) == (100.0, 20.0, 7.0)
    assert (found["ben"].seconds, found["ben"].clicks, found["ben"].edits) == (None, None, None)
    assert (found["cem"].seconds, found["cem"].clicks, found["cem"].edits) == (None, None, 9.0)


def test_agreement_and_what_stayed_tell_of_a_settled_conflict(store, image):
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    bus = store.accept(image, mask=box(0, 0, 20, 16), object="bus", author="ben")
    before = agreement(store)
    choose(store, bus.id, "dan")
    assert agreement(store) == before
    ann = by_author(store)["ann"]
    assert (ann.overruled, ann.corrected, ann.acceptance) == (1, 0, 0.0)
    assert by_author(store)["ben"].acceptance == 1.0
    release(store, car.id)
    ann = by_author(store)["ann"]
    assert (ann.overruled, ann.acceptance) == (0, 1.0)
    store.supersede(car.id, object="van", author="ben")
    assert [pair.both for pair in agreement(store)] == []
    assert by_author(store)["ann"].corrected == 1


def test_reviews_are_counted_as_they_are_listed(store, image):
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    set_reviews(store, [car.id], CHANGES, "ben")
    van = store.supersede(car.id, mask=box(0, 0, 20, 19), author="ann")
    set_reviews(store, [van.id], APPROVED, "ben")
    ann = by_author(store)["ann"]
    listed = [len(reviewed(store, state, "ann")) for state in (APPROVED, CHANGES)]
    assert [ann.approved, ann.changes_requested] == listed == [1, 0]
