"""The store: what is accepted stays, rows are never overwritten, parents are real, sources count once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from semsam_annotate.annotations import AnnotationStore, Source
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import BadInput, Ladder, Prompt, decode_rle, encode_rle


def rows_of(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("select * from annotation order by seq").fetchall()


def test_a_record_comes_back_as_it_was(store, image, propose):
    ladder = Ladder([propose(seed) for seed in range(3)])
    facts = {
        "author": "ann",
        "seconds": 1.5,
        "clicks": 2,
        "edits": 0,
        "review": "open",
        "track": "t1",
        "prompt": Prompt(points=[(3, 4)]),
        "ladder": ladder,
        "source": Source("label-studio", "7", "12/ab"),
    }
    made = store.accept(image, ladder[1], object="car", **facts)
    assert store.get(made.id) == made == store.by_source(facts["source"])
    assert (made.kind, made.object, made.status, made.rung) == ("object", "car", "accepted", 1)
    assert (made.level, made.score, made.model) == (ladder[1].level, ladder[1].score, "tiny")
    assert {name: getattr(made, name) for name in facts} == facts
    assert np.array_equal(decode_rle(made.mask), ladder[1].mask)
    assert Annotation.from_json(made.to_json()) == made


def test_an_edited_mask_keeps_the_proposed_one(store, image, propose):
    edited = propose(3).mask
    made = store.accept(image, propose(1), mask=edited)
    assert np.array_equal(decode_rle(made.mask), edited)
    assert np.array_equal(decode_rle(made.proposed_mask), propose(1).mask)
    assert store.accept(image, mask=edited).proposed_mask is None


def test_it_is_there_after_opening_again(where, store, image, propose):
    made = store.accept(image, propose(), object="car")
    with AnnotationStore.open(where) as again:
        assert again.annotations() == [made]
        assert again.images() == [image]
        assert again.count() == 1


def test_parts_name_their_parents_object(store, image, propose):
    car = store.accept(image, propose(0), object="car")
    wheel = store.accept(image, propose(1), part=" wheel ", part_of=car.id)
    rim = store.accept(image, propose(2), part="rim", part_of=wheel.id)
    assert (wheel.kind, wheel.object, wheel.part) == ("part", "car", "wheel")
    assert (rim.object, rim.part_of) == ("car", wheel.id)


def test_parts_follow_a_corrected_parent(store, image, propose):
    car = store.accept(image, propose(0), object="car")
    wheel = store.accept(image, propose(1), part="wheel", part_of=car.id)
    bus = store.supersede(car.id, object="bus", author="bob")
    assert (bus.supersedes, bus.mask, bus.object) == (car.id, car.mask, "bus")
    assert store.get(car.id).status == "superseded"
    assert store.get(wheel.id).part_of == bus.id
    assert store.accept(image, propose(2), part="door", part_of=car.id).part_of == bus.id
    assert [record.id for record in store.annotations()][:2] == [wheel.id, bus.id]


def test_circles_are_refused(store, image, propose):
    top = store.accept(image, propose(0), object="car")
    middle = store.accept(image, propose(1), part="door", part_of=top.id)
    low = store.accept(image, propose(2), part="handle", part_of=middle.id)
    for below in (top, middle, low):
        with pytest.raises(BadInput, match="circle"):
            store.supersede(top.id, part_of=below.id)
    assert store.get(top.id) == top
    store.undo(store.supersede(top.id, object="bus").id)
    with pytest.raises(BadInput, match="circle"):
        store.supersede(top.id, part_of=low.id)
    moved = store.supersede(low.id, part_of=top.id)
    assert moved.part_of == top.id


def test_a_parent_is_in_the_same_image_and_plane(store, photo, image, propose):
    car = store.accept(image, propose(), object="car", plane=(1,))
    with pytest.raises(BadInput, match="plane"):
        store.accept(image, propose(), part="wheel", part_of=car.id, plane=(2,))
    with pytest.raises(BadInput, match="another image"):
        store.accept(photo(1), propose(), part="wheel", part_of=car.id, plane=(1,))
    with pytest.raises(BadInput, match="not in the store"):
        store.accept(image, propose(), part="wheel", part_of="nobody")
    store.delete(car.id)
    with pytest.raises(BadInput, match="deleted"):
        store.accept(image, propose(), part="wheel", part_of=car.id, plane=(1,))
    assert store.count(None) == 1
    assert len(store.images()) == 1


def test_undo_takes_back_and_gives_back(store, image, propose):
    first = store.accept(image, propose(), object="car")
    second = store.supersede(first.id, object="bus")
    with pytest.raises(BadInput, match=second.id):
        store.undo(first.id)
    for second_now, first_now in (("deleted", "accepted"), ("accepted", "superseded")) * 2:
        assert store.undo(second.id).status == second_now
        assert store.get(first.id).status == first_now
    store.delete(second.id)
    assert store.count() == 0
    assert store.undo(second.id).status == "accepted"


def test_a_source_counts_once_even_after_deletion(store, image, propose):
    source = Source("label-studio", "1", "5")
    made = store.accept(image, propose(), object="car", source=source)
    assert store.accept(image, propose(1), object="other", source=source) == made
    better = store.supersede(made.id, object="bus")
    assert store.accept(image, propose(), object="car", source=source) == better
    store.delete(better.id)
    assert store.accept(image, propose(), object="car", source=source).status == "deleted"
    assert store.count() == 0
    assert store.count(None) == 2


def test_what_does_not_fit_is_refused_and_nothing_written(store, photo, image, propose):
    bad = [
        {"mask": np.zeros((24, 32), bool)},
        {"mask": np.ones((5, 5), bool)},
        {"mask": {"size": [24, 32], "counts": "!!"}},
        {"object": "a:b"},
        {"part": "wheel", "kind": "object"},
        {"level": 7},
        {"score": float("nan")},
    ]
    for facts in bad:
        with pytest.raises(BadInput):
            store.accept(image, propose(), **facts)
    with pytest.raises(BadInput, match="proposal or a mask"):
        store.accept(image)
    with pytest.raises(BadInput, match="no annotation"):
        store.supersede("nobody")
    made = store.accept(image, propose())
    with pytest.raises(BadInput, match="never overwritten"):
        store.accept(image, propose(), id=made.id)
    assert store.count(None) == 1


def test_rejected_and_review(store, image, propose):
    refused = store.reject(image, propose(), author="ann")
    assert refused.status == "rejected"
    assert store.annotations() == []
    assert store.annotations("rejected") == [refused]
    for id, state in ((refused.id, "approved"), (store.accept(image, propose(1)).id, "checked")):
        with pytest.raises(BadInput):
            store.review(id, state, "bob")
        assert store.get(id).review is None
    assert store.annotations("rejected", image) == [store.get(refused.id)]


def test_threads_share_a_store(store, image, propose):
    source = Source("hook", "1", "same")

    def work(seed):
        store.accept(image, propose(seed % 5), object="car", source=source)
        return store.accept(image, propose(seed % 5), object="car").id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(work, range(40)))
    assert len(set(ids)) == 40
    assert store.count() == 41


def test_a_split_is_told_once_and_shared_by_its_group(store, photo):
    refs = [photo(seed) for seed in range(4)]
    for ref in refs:
        store.register(ref)
    first, second, third, _ = (ref.sha256 for ref in refs)
    assert store.splits.assign(first, "validation", "walk").split == "validation"
    assert store.splits.assign(second, "train", "walk").split == "validation"
    assert store.splits.assign(third, "train").split == "train"
    assert store.splits.assign(third, "validation", "walk").split == "train"
    assert len(store.splits.all()) == 3
    for sha, split in ((refs[3].sha256, "mostly"), ("0" * 64, "train")):
        with pytest.raises(BadInput):
            store.splits.assign(sha, split)


def test_adding_is_all_or_nothing_and_takes_any_order(store, image):
    def record(id, part_of=None):
        mask = encode_rle(np.eye(24, 32, dtype=bool))
        kind = "part" if part_of else "object"
        return Annotation(id=id, image=image, mask=mask, kind=kind, part_of=part_of, time=f"t{id}")

    assert store.add([record("c", "b"), record("b", "a"), record("a")]) == 3
    assert store.add([record("d", "c"), record("a")]) == 1
    for bad in ([record("e"), record("f", "nobody")], [record("x", "y"), record("y", "x")]):
        with pytest.raises(BadInput):
            store.add(bad)
    assert store.count(None) == 4


@hypothesis_settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["accept", "supersede", "delete", "undo"]), st.integers(0, 30)), max_size=12))
def test_rows_are_only_ever_added(tmp_path_factory, photo, propose, steps):
    path = tmp_path_factory.mktemp("store") / "a.sqlite"
    image, before = photo(), []
    with AnnotationStore.open(path) as store:
        for step, pick in [("accept", 0), *steps]:
            records = store.annotations(None)
            try:
                if step == "accept":
                    store.accept(image, propose(pick % 4), object=f"o{pick}")
                elif step == "supersede":
                    store.supersede(records[pick % len(records)].id, object=f"s{pick}")
                else:
                    getattr(store, step)(records[pick % len(records)].id)
            except BadInput:
                pass
            after = rows_of(path)
            assert after[: len(before)] == before
            before = after
        accepted = {record.id for record in store.annotations()}
        assert not any(record.supersedes in accepted for record in store.annotations())


def test_undone_twice_it_is_as_before_whatever_was_undone(store, image, propose):
    first = store.accept(image, propose(), object="car")
    second = store.supersede(first.id, object="bus")
    for change in (lambda: None, lambda: store.delete(second.id)):
        change()
        before = (store.get(first.id).status, store.get(second.id).status)
        for _ in range(2):
            store.undo(second.id)
            assert (store.get(first.id).status, store.get(second.id).status) != before
            store.undo(second.id)
            assert (store.get(first.id).status, store.get(second.id).status) == before
