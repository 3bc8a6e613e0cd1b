"""Merging brings what was decided about a mask, and finds the photo in either project."""

import shutil

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.people.conflicts import choose, conflicts, release
from semsam_annotate.annotations.record import Source
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.merging import merge

SOURCE = Source("label-studio", "1", "7")


def box(x0, y0, x1, y1):
    mask = np.zeros((24, 32), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def standing(store):
    return sorted((record.object, record.status) for record in store.annotations(None))


def test_a_choice_comes_along_and_is_taken_once(project, other, image):
    here, there = project.store, other.store
    car = here.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    same = there.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    wheel = there.accept(image, mask=box(0, 0, 4, 4), part="wheel", part_of=same.id, author="ann")
    bus = there.accept(image, mask=box(0, 0, 20, 19), object="bus", author="ben")
    merge(project, other)
    assert len(list(conflicts(here))) == 1
    choose(there, bus.id, "dan")
    assert merge(project, other).events > 0
    assert (here.get(car.id).status, here.get(wheel.id).part_of) == ("superseded", bus.id)
    assert merge(project, other).events == 0
    release(here, car.id, "eve")
    assert merge(project, other).events == 0
    assert (here.get(car.id).status, here.get(wheel.id).part_of) == ("accepted", car.id)
    assert check(here) == []


def test_a_choice_of_what_is_deleted_here_is_not_taken(project, other, image):
    here, there = project.store, other.store
    car = here.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    there.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    bus = there.accept(image, mask=box(0, 0, 20, 19), object="bus", author="ben")
    merge(project, other)
    choose(there, bus.id, "dan")
    here.delete(bus.id, "ben")
    merge(project, other)
    assert [record.id for record in here.annotations()] == [car.id]


@pytest.mark.parametrize("corrected", [False, True])
def test_a_deletion_of_what_is_known_by_its_source_comes_along(project, other, image, corrected):
    mine = project.store.accept(image, mask=box(0, 0, 20, 20), object="car", source=SOURCE)
    theirs = other.store.accept(image, mask=box(0, 0, 20, 20), object="car", source=SOURCE)
    last = other.store.supersede(theirs.id, object="bus", author="ben") if corrected else theirs
    other.store.delete(last.id, "ben")
    merge(project, other)
    assert project.store.count() == 0
    assert check(project.store) == []
    project.store.set_status(mine.id, "accepted")
    merge(project, other)
    assert [record.id for record in project.store.annotations()] == [mine.id]


def test_a_deletion_there_leaves_what_was_corrected_here(project, other, image):
    mine = project.store.accept(image, mask=box(0, 0, 20, 20), object="car", source=SOURCE)
    theirs = other.store.accept(image, mask=box(0, 0, 20, 20), object="car", source=SOURCE)
    van = project.store.supersede(mine.id, object="van")
    other.store.delete(theirs.id)
    merge(project, other)
    assert [record.id for record in project.store.annotations()] == [van.id]


def test_what_a_mask_deleted_there_was_chosen_over_here_is_accepted_again(project, other, image):
    car = project.store.accept(image, mask=box(0, 0, 20, 20), object="car", author="ann")
    bus = other.store.accept(image, mask=box(0, 0, 20, 19), object="bus", author="ben")
    merge(project, other)
    choose(project.store, bus.id)
    other.store.delete(bus.id, "ben")
    merge(project, other)
    assert [record.id for record in project.store.annotations()] == [car.id]
    assert check(project.store) == []


def test_after_a_backup_is_put_back_merge_brings_what_was_made_since(tmp_path):
    folder, kept, damaged = (tmp_path / name for name in ("work", "kept", "damaged"))
    (folder / "photos").mkdir(parents=True)
    files = ("project.toml", "annotations.sqlite")
    with Project.create(folder, images=[folder / "photos"]) as project:
        refs = []
        for seed in (0, 1, 2):
            rgb = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(rgb).save(folder / "photos" / f"{seed}.png")
            refs.append(project.ref(folder / "photos" / f"{seed}.png", rgb))
        project.store.accept(refs[0], mask=box(0, 0, 9, 9), object="car")
        back_up(project, kept)
        for ref in refs[1:]:
            project.store.accept(ref, mask=box(0, 0, 9, 9), object="car")
        project.store.states.tell(refs[1], "done", "ann")
    damaged.mkdir()
    for name in files:
        shutil.move(folder / name, damaged / name)
        shutil.copy(kept / name, folder / name)
    Image.new("RGB", (32, 24)).save(folder / "photos" / "2.png")  # another photo under an old name
    with Project.open(folder) as project, Project.open(damaged) as lost:
        report = merge(project, lost)
        assert (report.images, report.missing_files) == (2, 1)
        assert [(row.state, row.accepted) for row in project.progress()] == [("in work", 1), ("done", 1), ("new", 0)]
        assert {"photos/0.png", "photos/1.png"} <= {ref.path for ref in project.store.images()}


def test_a_part_of_any_object_on_either_side_is_one_of_any_object_after_it(tmp_path):
    narrow = {"parts": {"wheel": ["car"], "door": ["car"]}, "objects": ["car"]}
    with (
        Project.create(tmp_path / "here", **narrow) as here,
        Project.create(tmp_path / "there", parts=["wheel"], objects=["car", "bus"]) as there,
    ):
        merge(here, there)
        assert (here.parts_of("bus"), here.parts_of("car")) == (["wheel"], ["wheel", "door"])
        merge(there, here)
        assert (there.parts_of("bus"), there.parts_of("car")) == (["wheel"], ["wheel", "door"])
