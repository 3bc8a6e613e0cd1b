"""Several people on one project: reviews, agreement, conflicts, figures, the audit trail, exports of a past time."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.annotations.drafts import now, utc
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.people.agreement import agreement, kappa
from semsam_annotate.annotations.people.authors import figures
from semsam_annotate.annotations.people.conflicts import choose, conflicts, release
from semsam_annotate.annotations.people.history import history
from semsam_annotate.annotations.people.matching import matched
from semsam_annotate.annotations.people.reviews import reviewed, set_reviews
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES
from semsam_annotate.api import BadInput


def square(x, y, side=6):
    mask = np.zeros((24, 32), bool)
    mask[y : y + side, x : x + side] = True
    return mask


def test_reviews_are_events_and_a_correction_waits_for_another(store, image):
    first, second = (store.accept(image, mask=square(x, 2), object="car", author="ann") for x in (2, 12))
    set_reviews(store, [first.id, second.id], CHANGES, "bob", "the mirror")
    set_reviews(store, [second.id], APPROVED, "cem")
    assert [(one.id, one.reviewer, one.comment) for one in reviewed(store, CHANGES)] == [
        (first.id, "bob", "the mirror")
    ]
    assert [(one.id, one.comment) for one in reviewed(store, APPROVED)] == [(second.id, None)]
    mended = store.supersede(first.id, mask=square(2, 3), author="ann")
    assert mended.review is None
    assert [one.id for one in reviewed(store, "new")] == [mended.id]
    assert [one.what for one in history(store, second.id)][1:] == [f"review: {CHANGES}", f"review: {APPROVED}"]
    for ids, state in (([second.id, "nobody"], CHANGES), ([first.id], APPROVED), ([second.id], "fine")):
        with pytest.raises(BadInput):
            set_reviews(store, ids, state, "bob")
    assert store.get(second.id).review == APPROVED


def test_agreement_counts_each_mask_once(store, photo):
    both, alone = photo(1), photo(2)
    for author, shift in (("ann", 0), ("ben", 1)):
        store.accept(both, mask=square(2, 2), object="car", author=author)
        store.accept(both, mask=square(12 + shift, 2), object=f"thing {shift}", author=author)
    store.accept(both, mask=square(22, 12), object="car", author="ann")
    store.accept(alone, mask=square(2, 2), object="car", author="ann")
    (pair,) = agreement(store)
    assert (pair.images, pair.both, pair.only_first, pair.only_second, pair.same_name) == (1, 2, 1, 0, 1)
    moved = 30 / 42
    assert [(name, one.both, one.other_name) for name, one in pair.names.items()] == [
        ("car", 1, 0),
        ("thing 0", 0, 1),
        ("thing 1", 0, 1),
    ]
    assert pair.names["car"].iou == 1.0
    assert pair.names["thing 0"].iou == pytest.approx(moved)
    assert pair.iou == pytest.approx((1 + moved) / 2)
    assert pair.kappa == pytest.approx((0.5 - 0.25) / 0.75)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=40))
def test_kappa_is_symmetric_at_most_one_and_one_only_for_agreement(pairs):
    met = Counter(pairs)
    found = kappa(met)
    turned = kappa(Counter((right, left) for left, right in pairs))
    assert (found is None) == (turned is None)
    if found is not None:
        assert found == pytest.approx(turned)
        assert found <= 1 + 1e-9
        assert (found > 1 - 1e-9) == all(left == right for left, right in pairs)


def test_matching_takes_the_best_pairs_and_never_a_part_of_the_mask_itself(store, image):
    outer = store.accept(image, mask=square(2, 2, 8), part="door", author="ann")
    inner = store.accept(image, mask=square(2, 2, 7), part="door", part_of=outer.id, author="ben")
    other = store.accept(image, mask=square(2, 2, 8), part="door", author="ben")
    assert [(one.id, two.id) for one, two, _ in matched([outer], [inner, other])] == [(outer.id, other.id)]
    assert matched([outer], [inner]) == []
    assert matched([], [inner]) == []
    within = store.accept(image, mask=square(2, 2, 7), part="door", part_of=inner.id, author="cem")
    assert matched([outer], [within], [inner]) == matched([outer, inner], [within]) == []


def test_the_chosen_mask_stands_and_parts_follow_it_and_back(store, image):
    car = store.accept(image, mask=square(2, 2, 10), object="car", author="ann")
    wheel = store.accept(image, mask=square(3, 3, 3), part="wheel", part_of=car.id, author="ann")
    bus = store.accept(image, mask=square(2, 2, 10), object="bus", author="ben")
    third = store.accept(image, mask=square(2, 2, 9), object="bus", author="cem")
    (found,) = conflicts(store)
    assert found.difference == "name"
    assert {mask.id for mask in found.masks} == {car.id, bus.id, third.id}
    assert set(choose(store, bus.id, "dan")) == {car.id, third.id}
    assert list(conflicts(store)) == []
    assert store.get(wheel.id).part_of == bus.id
    assert store.accept(image, mask=square(7, 7, 3), part="door", part_of=car.id).part_of == bus.id
    assert release(store, car.id, "dan").status == "accepted"
    assert store.get(wheel.id).part_of == car.id
    assert [one.what for one in history(store, car.id)][1:] == [
        f"{bus.id} was chosen over it",
        "superseded",
        "accepted",
    ]
    for call in (lambda: choose(store, wheel.id), lambda: release(store, wheel.id), lambda: choose(store, "nobody")):
        with pytest.raises(BadInput):
            call()


def test_figures_tell_authors_apart(store, image):
    made = [
        store.accept(image, mask=square(x, 2), object="car", author="ann", seconds=2.0 + x, clicks=x, edits=0)
        for x in (1, 3)
    ]
    store.supersede(made[0].id, object="bus", author="ben")
    store.reject(image, mask=square(9, 9), author="ann")
    store.delete(made[1].id, "ben")
    ann, ben = figures(store)
    assert (ann.author, ann.made, ann.accepted, ann.rejected, ann.corrected, ann.deleted) == ("ann", 3, 0, 1, 1, 1)
    assert (ann.seconds, ann.clicks, ann.edits, ann.acceptance) == (4.0, 2.0, 0.0, 0.5)
    assert ann.days == {now()[:10]: 3}
    assert (ben.made, ben.accepted, ben.acceptance) == (1, 1, 1.0)


def test_the_trail_of_an_image_holds_everything_in_order(store, image):
    desk = Desk(image, (), "ann")
    store.states.tell(image, "done", "ann")
    car = store.accept(image, mask=square(2, 2), object="car", author="ann")
    store.journal.perform(desk, Deed("deleted car", delete=(car.id,)))
    store.journal.undo(desk)
    told = [one.what for one in history(store, image.path)]
    assert told == [
        "image done",
        "accepted car",
        "deleted",
        "step: deleted car",
        "accepted",
        "step: took back: deleted car",
    ]
    assert told == [one.what for one in history(store, image.sha256)]
    assert history(store) == []
    with pytest.raises(BadInput, match="no mask and no image"):
        history(store, "nothing")


def test_an_export_of_a_past_time_is_the_export_of_then(store, photo, tmp_path, propose):
    first, second = photo(1), photo(2)
    car = store.accept(first, propose(0), object="car")
    wheel = store.accept(first, propose(1), part="wheel", part_of=car.id)
    gone = store.accept(second, propose(2), object="bus")
    for format in ("coco", "parts", "lvis"):
        store.export(format, tmp_path / f"then-{format}.json")
    then = now()
    store.supersede(car.id, object="van")
    store.delete(gone.id)
    store.accept(second, propose(3), object="cat")
    store.review(wheel.id, "approved")
    for format in ("coco", "parts", "lvis"):
        store.export(format, tmp_path / f"again-{format}.json", time=then)
        assert (tmp_path / f"again-{format}.json").read_bytes() == (tmp_path / f"then-{format}.json").read_bytes()
        store.export(format, tmp_path / "now.json")
        assert (tmp_path / "now.json").read_bytes() != (tmp_path / f"then-{format}.json").read_bytes()
    with pytest.raises(BadInput, match="no annotation was accepted at"):
        store.export("coco", tmp_path / "before.json", time=utc("2001-01-01"))
    with pytest.raises(BadInput, match="written like"):
        utc("yesterday")


def test_an_export_tells_how_far_it_is_and_leaves_nothing_behind_when_it_fails(store, photo, propose, tmp_path):
    for seed in range(3):
        store.accept(photo(seed), propose(seed), object="car")
    told = []
    out = tmp_path / "a.json"
    store.export("coco", out, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)
    before = out.read_bytes()
    assert len(json.loads(before)["annotations"]) == 3

    def stop(done, total):
        if done > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.export("coco", out, progress=stop)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".a")] == []
