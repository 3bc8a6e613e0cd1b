"""Work on one mask in Label Studio and here: the later change of it counts, and it is there once."""

import pytest

from semsam_annotate.annotations.people.conflicts import choose


def names(world):
    return sorted(record.object for record in world.records())


def named(world, name):
    return next(record for record in world.records() if record.object == name)


@pytest.fixture
def two(taken_in):
    """A car and a person of annotation 1."""
    taken_in.tell(1, 1, taken_in.region("r1", 0), taken_in.region("r2", 20, "person"))
    taken_in.apply()
    return taken_in


def other_region_changes(world, *first):
    world.tell(1, 2, *first, world.region("r2", 25, "person"))
    world.apply()


def test_a_correction_here_stays_when_another_region_changes_there(two):
    two.store.supersede(named(two, "car").id, object="van", author="ann")
    other_region_changes(two, two.region("r1", 0))
    assert names(two) == ["person", "van"]


def test_a_correction_of_a_correction_stays_too(two):
    van = two.store.supersede(named(two, "car").id, object="van", author="ann")
    two.store.supersede(van.id, object="lorry", author="ann")
    other_region_changes(two, two.region("r1", 0))
    assert names(two) == ["lorry", "person"]


def test_a_later_change_there_follows_the_correction(two):
    van = two.store.supersede(named(two, "car").id, object="van", author="ann")
    two.tell(1, 2, two.region("r1", 3), two.region("r2", 20, "person"))
    two.apply()
    assert names(two) == ["car", "person"]
    assert named(two, "car").supersedes == van.id


def test_a_deletion_here_stays_until_the_region_is_changed_there(two):
    two.store.delete(named(two, "car").id, author="ann")
    other_region_changes(two, two.region("r1", 0))
    assert names(two) == ["person"]
    two.tell(1, 3, two.region("r1", 3), two.region("r2", 25, "person"))
    two.apply()
    assert names(two) == ["car", "person"]


@pytest.mark.parametrize("how", ["annotation", "region", "skipped"])
def test_a_deletion_there_reaches_the_correction(two, how):
    two.store.supersede(named(two, "car").id, object="van", author="ann")
    if how == "annotation":
        two.delete(1)
    else:
        two.tell(1, 2, *[two.region("r2", 20, "person")][: how == "region"], was_cancelled=how == "skipped")
    two.apply()
    assert names(two) == (["person"] if how == "region" else [])


def test_a_region_taken_away_and_brought_back_there_is_there_once(two):
    for second, regions in ((2, []), (3, [two.region("r1", 0)]), (4, []), (5, [two.region("r1", 0)])):
        two.tell(1, second, *regions)
        two.apply()
        assert names(two) == ["car"] * len(regions)


def test_a_mask_chosen_over_it_stays_and_goes_by_its_own_annotation(two):
    two.tell(2, 1, two.region("x", 1, "person", size=12), completed_by=2)
    two.apply()
    chosen = next(record for record in two.records() if record.source.external_id.startswith("2/"))
    choose(two.store, chosen.id, "dan")
    assert names(two) == ["person", "person"]
    other_region_changes(two, two.region("r1", 0))
    assert names(two) == ["person", "person"]
    two.delete(1)
    two.apply()
    assert [record.id for record in two.records()] == [chosen.id]
    two.delete(2)
    two.apply()
    assert names(two) == [], "what gave way was deleted itself meanwhile"


@pytest.mark.parametrize("part", [True, False])
def test_another_image_of_the_task_takes_the_masks_along(two, part):
    more = [two.region("r3", 2, "car:wheel", "r1", size=4)] if part else []
    two.tell(1, 2, two.region("r1", 0), two.region("r2", 20, "person"), *more, address=two.image(90))
    two.apply()
    assert two.spool.counts() == {"pending": 0, "failed": 0}
    assert len(two.records()) == 2 + part
    assert len({record.image.sha256 for record in two.records()}) == 1
    assert two.records()[0].image.sha256 != two.records("deleted")[0].image.sha256
    assert all(record.part_of == named(two, "car").id for record in two.records() if record.kind == "part")


def test_a_part_of_what_was_deleted_here_is_a_part_of_nothing(two):
    wheel = two.region("r3", 2, "car:wheel", "r1", size=4)
    two.store.delete(named(two, "car").id, author="ann")
    for second in (2, 3):
        two.tell(1, second, two.region("r1", 0), two.region("r2", 20 + second, "person"), wheel)
        two.apply()
    (part,) = [record for record in two.records() if record.kind == "part"]
    assert (part.part_of, part.supersedes) == (None, None)


@pytest.mark.parametrize("corrected", [True, False])
def test_a_part_stays_as_it_is_when_its_object_changes_there(taken_in, corrected):
    wheel = taken_in.region("r3", 2, "car:wheel", "r1", size=4)
    taken_in.tell(1, 1, taken_in.region("r1", 0), wheel)
    taken_in.apply()
    part = next(record for record in taken_in.records() if record.kind == "part")
    if corrected:
        part = taken_in.store.supersede(part.id, part="tyre", author="ann")
    taken_in.tell(1, 2, taken_in.region("r1", 3), wheel)
    taken_in.apply()
    (after,) = [record for record in taken_in.records() if record.kind == "part"]
    assert (after.id, after.part_of) == (part.id, named_objects(taken_in)["car"])


def named_objects(world):
    return {record.object: record.id for record in world.records() if record.kind == "object"}


def test_a_part_that_took_its_objects_name_here_stays_as_it_is(taken_in):
    whole, part = taken_in.region("r1", 0, "Object"), taken_in.region("r3", 2, "Part", "r1", size=4)
    taken_in.tell(1, 1, whole)
    taken_in.apply()
    taken_in.store.supersede(taken_in.records()[0].id, object="car", author="ann")
    taken_in.tell(1, 2, whole, part)
    taken_in.apply()
    wheel = taken_in.store.supersede(taken_in.records()[-1].id, part="wheel", author="ann")
    assert wheel.object == "car"
    taken_in.tell(1, 3, whole, part, taken_in.region("r4", 20, "person"))
    taken_in.apply()
    assert [record.id for record in taken_in.records() if record.kind == "part"] == [wheel.id]


def test_names_with_colons_keep_nothing_else_from_the_store(taken_in):
    labels = ("car", "a:b:c", "person")
    taken_in.tell(1, 1, *(taken_in.region(f"r{n}", 12 * n, label) for n, label in enumerate(labels)))
    taken_in.apply()
    assert [(record.object, record.part) for record in taken_in.records()] == [
        ("car", None), ("a", "b c"), ("person", None),
    ]  # fmt: skip


def test_an_annotation_is_stored_whole_or_not_at_all(two):
    bad = {**two.region("r3", 30), "id": "x" * 6000}
    two.tell(1, 2, two.region("r1", 3), bad)
    two.apply()
    assert [record.source.external_id.split("/")[1] for record in two.records()] == ["r1", "r2"]
    assert "500 characters" in two.spool.failures()[0]


def test_a_change_that_the_store_has_is_not_undone_by_an_older_one(two):
    two.tell(1, 3, two.region("r1", 3))
    two.apply()
    two.spool.applied("1", "1", "")  # killed between the store and the note
    two.tell(1, 2, two.region("r1", 6))
    two.tell(1, 3, two.region("r1", 3))
    before = two.records(None)
    two.apply()
    assert two.records(None) == before


def test_an_id_that_label_studio_gives_again_is_another_annotation(two):
    two.delete(1)
    two.apply()
    two.tell(1, 9, two.region("r1", 0))
    two.apply()
    assert two.records() == []
    two.tell(1, 9, two.region("new", 0), updated_at="2099-01-01T00:00:00Z", created_at="2099-01-01T00:00:00Z")
    two.apply()
    assert names(two) == ["car"]
