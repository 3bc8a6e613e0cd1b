"""What others did before and after somebody who is forgotten can be taken back, and past times hold their masks."""

import json
import sqlite3

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.drafts import draft, now
from semsam_annotate.annotations.journal import Deed, Desk
from semsam_annotate.annotations.people.conflicts import choose
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.forgetting import forget
from semsam_annotate.api import BadInput


def box(x0, y0, x1, y1):
    mask = np.zeros((24, 32), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def accepted(store, image, author, name):
    drawn = draft(image, None, {"mask": box(0, 0, 20, 20), "object": name, "author": author})
    return store.journal.perform(Desk(image, (), author), Deed(name, accept=(drawn,))).brought[0].id


def renamed(store, image, author, id, name):
    return store.journal.perform(Desk(image, (), author), Deed(name, correct=((id, {"object": name}),))).brought[0].id


def names(store):
    return [record.object for record in store.annotations()]


def test_steps_on_both_sides_of_a_forgotten_one_are_taken_back_and_done_again(project, image):
    store, desk = project.store, Desk(image, (), "ben")
    car = accepted(store, image, "ben", "car")
    bus = renamed(store, image, "ben", renamed(store, image, "ann", car, "van"), "bus")
    forget(project, "ann")
    assert store.journal.undo(desk).replaced == {bus: car}
    assert names(store) == ["car"]
    assert store.journal.undo(desk).out == (car,)
    assert names(store) == []
    assert store.journal.redo(desk).title == "car"
    assert store.journal.redo(desk).replaced == {car: bus}
    assert names(store) == ["bus"]
    assert check(store) == []


def test_a_deletion_of_a_forgotten_correction_gives_back_what_it_corrected(project, image):
    store, desk = project.store, Desk(image, (), "cem")
    van = renamed(store, image, "ann", accepted(store, image, "ben", "car"), "van")
    store.journal.perform(desk, Deed("deleted", delete=(van,)))
    forget(project, "ann")
    assert names(store) == []
    store.journal.undo(desk)
    assert names(store) == ["car"]


def test_a_step_that_was_only_about_forgotten_masks_is_no_step_any_more(project, image):
    store, desk = project.store, Desk(image, (), "cem")
    kept = accepted(store, image, "cem", "car")
    hers = accepted(store, image, "ann", "bus")
    store.journal.perform(desk, Deed("deleted", delete=(hers,)))
    forget(project, "ann")
    assert store.journal.undo(desk).out == (kept,)
    assert store.journal.undo(desk) is None


@pytest.mark.parametrize("chosen", [False, True])
def test_a_past_time_has_the_mask_that_stood_below_a_forgotten_one(project, image, tmp_path, chosen):
    store = project.store
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ben")
    store.accept(image, mask=box(22, 0, 30, 5), object="cat", author="ben")
    if chosen:
        choose(store, store.accept(image, mask=box(0, 0, 20, 19), object="van", author="ann").id, "ben")
    else:
        store.supersede(car.id, object="van", author="ann")
    then = now()
    forget(project, "ann")
    store.export("coco", tmp_path / "then.json", time=then)
    held = {row["semsam"]["id"] for row in json.loads((tmp_path / "then.json").read_text())["annotations"]}
    assert held == {record.id for record in store.annotations()}
    assert len(held) == 2


def test_a_past_time_between_two_corrections_has_what_they_corrected(project, image, tmp_path):
    store, times, held = project.store, [], []
    car = store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ben")
    van = store.supersede(car.id, object="van", author="ann")
    times.append(now())
    bus = store.supersede(van.id, object="bus", author="ben")
    times.append(now())
    forget(project, "ann")
    for time in times:
        store.export("coco", tmp_path / "then.json", time=time)
        held.append([row["semsam"]["id"] for row in json.loads((tmp_path / "then.json").read_text())["annotations"]])
    assert held == [[car.id], [bus.id]]
    assert check(store) == []


def held(project):
    return b"".join(path.read_bytes() for path in project.folder.glob("annotations.sqlite*"))


def test_a_file_that_a_full_disk_left_unwiped_is_wiped_by_the_same_command(other, full_disk):
    noise, ref = np.random.default_rng(0).random((8, 256, 256)) > 0.5, ImageRef("0" * 64, "a.png", 256, 256)
    for mask in noise:
        other.store.accept(ref, mask=mask, object="bus", author="ben")
    other.store.accept(ref, mask=np.ones((256, 256), bool), object="bus", author="Marguerite")
    other.store.close()
    with Project.open(other.folder) as project:
        with full_disk(150_000):
            found = forget(project, "Marguerite")
        assert (found.masks, found.wiped) == (1, False)
        assert found.why.startswith("the disk is full")
        again = forget(project, "Marguerite")
        assert (again.masks, again.wiped, again.why) == (0, True, "")
        assert b"Marguerite" not in held(project)
        assert b"ben" in held(project)
        assert len(project.store.annotations()) == 8
        with pytest.raises(BadInput, match="nobody called"):
            forget(project, "Marguerite")


def test_a_file_that_readers_left_unwiped_is_wiped_by_the_same_command(other, image, propose):
    other.store.accept(image, propose(0), object="bus", author="Marguerite")
    with sqlite3.connect(other.folder / "annotations.sqlite") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM annotation").fetchone()
        assert forget(other, "Marguerite").why.startswith("other programs")
    reader.close()
    assert forget(other, "Marguerite").wiped
    assert b"Marguerite" not in held(other)
    with pytest.raises(BadInput, match="nobody called"):
        forget(other, "Marguerite")
