"""Cases of several people, broken stores and odd files that went wrong once."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.people.conflicts import choose, conflicts, release
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.forgetting import forget
from semsam_annotate.annotations.upkeep.merging import merge
from semsam_annotate.annotations.upkeep.repairing import repair
from semsam_annotate.api import BadInput


def box(x0, y0, x1, y1, size=40):
    mask = np.zeros((size, size), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def made(tmp_path):
    """Makes projects with one photo."""
    opened = []

    def make(name="project", **more):
        photo = tmp_path / f"{name} photos" / "a.png"
        photo.parent.mkdir()
        rgb = np.random.default_rng(3).integers(0, 255, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(rgb).save(photo)
        project = Project.create(tmp_path / name, images=[photo.parent], **more)
        opened.append(project)
        return project, project.ref(photo, rgb)

    yield make
    for project in opened:
        project.close()


def test_a_project_of_which_somebody_was_forgotten_can_be_merged(made):
    """Then a part's parent is a later row."""
    (project, ref), (other, _) = made(), made("other")
    whole = project.store.accept(ref, mask=box(0, 0, 30, 30), object="car", author="ann")
    part = project.store.accept(ref, mask=box(2, 2, 9, 9), part="door", part_of=whole.id, author="ben")
    project.store.supersede(whole.id, mask=box(0, 0, 31, 31), author="cid")
    forget(project, "ann")
    report = merge(other, project)
    assert report.added == project.store.count()
    assert other.store.get(part.id).part_of == project.store.get(part.id).part_of
    assert check(other.store) == []


def test_a_part_does_not_stand_for_what_it_lies_in(made):
    project, ref = made()
    accept = project.store.accept
    car = accept(ref, mask=box(0, 0, 40, 40), object="car", author="ann")
    door = accept(ref, mask=box(2, 2, 20, 20), part="door", part_of=car.id, author="ann")
    panel = accept(ref, mask=box(3, 3, 20, 20), part="panel", part_of=door.id, author="ben")
    glass = accept(ref, mask=box(2, 2, 20, 19), part="glass", part_of=panel.id, author="ben")
    assert list(conflicts(project.store)) == []
    window = accept(ref, mask=box(2, 2, 20, 20), part="window", part_of=car.id, author="cem")
    (found,) = conflicts(project.store)
    assert {door.id, glass.id, window.id} <= {mask.id for mask in found.masks}
    with pytest.raises(BadInput, match="cannot stand for it"):
        choose(project.store, glass.id)
    assert all(project.store.get(one.id).status == "accepted" for one in (car, door, panel, glass))


def test_a_mask_that_was_corrected_since_is_not_given_back(made):
    project, ref = made()
    one = project.store.accept(ref, mask=box(0, 0, 20, 20), object="car", author="ann")
    two = project.store.accept(ref, mask=box(0, 0, 20, 19), object="car", author="ben")
    assert choose(project.store, one.id) == [two.id]
    release(project.store, two.id)
    project.store.supersede(two.id, mask=box(0, 0, 20, 18), author="ben")
    with pytest.raises(BadInput, match="corrected since"):
        release(project.store, two.id)


def test_at_no_moment_are_a_mask_and_its_correction_both_there(made, tmp_path):
    project, ref = made()
    first = project.store.accept(ref, mask=box(0, 0, 20, 20), object="car")
    second = project.store.supersede(first.id, mask=box(0, 0, 10, 20))
    before = datetime.fromisoformat(second.time) - timedelta(microseconds=1)
    for time, area in ((before.isoformat(timespec="microseconds"), 400), (second.time, 200)):
        project.export("coco", tmp_path / "out.json", time)
        assert [row["area"] for row in json.loads((tmp_path / "out.json").read_text())["annotations"]] == [area]


def test_a_mask_without_a_status_is_named_and_the_rest_is_mended(made, tmp_path):
    project, ref = made()
    lost = project.store.accept(ref, mask=box(0, 0, 20, 20), object="car")
    project.store.accept(ref, mask=box(20, 20, 30, 30), object="car")
    with project.store.engine.begin() as raw:
        raw.exec_driver_sql("DELETE FROM event WHERE annotation = ?", (lost.id,))
        raw.exec_driver_sql("DELETE FROM tally")
    problems = check(project.store)
    assert "masks without a status" in [one.kind for one in problems if not one.repairable]
    left = repair(project, tmp_path / "copy.sqlite", problems)
    assert [one.kind for one in left] == ["masks without a status"]


@pytest.mark.parametrize("where", ["data/store.sqlite", "absolute"])
def test_a_backup_leads_to_its_own_copy(made, tmp_path, where):
    (tmp_path / "project" / "data").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    store = str(tmp_path / "elsewhere" / "store.sqlite") if where == "absolute" else where
    project, ref = made(store=store)
    kept = project.store.accept(ref, mask=box(0, 0, 20, 20), object="car", author="ann")
    back_up(project, tmp_path / "backup")
    with Project.open(tmp_path / "backup") as copy:
        forget(copy, "ann")
        assert copy.store.count() == 0
    assert project.store.get(kept.id).status == "accepted"


def test_an_export_does_not_overwrite_the_project(made):
    project, ref = made()
    project.store.accept(ref, mask=box(0, 0, 20, 20), object="car")
    for name in ("project.toml", "annotations.sqlite", "annotations.sqlite-wal", "models/../project.toml"):
        with pytest.raises(BadInput, match="the project itself needs"):
            project.export("coco", project.folder / name)
    with pytest.raises(BadInput, match="written anew"):
        project.export("coco", "/dev/null")
    assert project.store.count() == 1
    assert read_config(project.folder / "project.toml") == project.config


def coco(project, ref, tmp_path, **changes):
    """The project's COCO export with one annotation changed."""
    project.store.accept(ref, mask=box(0, 0, 20, 20), object="car")
    out = tmp_path / "out.json"
    project.export("coco", out)
    content = json.loads(out.read_text())
    content["annotations"][0]["semsam"].update(changes)
    return out, content


@pytest.mark.parametrize(
    "changes",
    [{"seconds": float("inf")}, {"clicks": 10**30}, {"time": "yesterday"}, {"author": "\ud800"}, {"track": "\udc80"}],
)
def test_what_cannot_be_stored_is_refused_in_one_line(made, tmp_path, changes):
    (project, ref), (other, _) = made(), made("other")
    out, content = coco(project, ref, tmp_path, **changes)
    out.write_text(json.dumps(content))
    with pytest.raises(BadInput) as caught:
        other.import_file("coco", out, tmp_path / "project photos")
    assert "\n" not in str(caught.value)
    assert other.store.count() == 0


def test_times_come_in_as_utc(made, tmp_path):
    (project, ref), (other, _) = made(), made("other")
    out, content = coco(project, ref, tmp_path, time="2026-05-17T14:30:00+02:00")
    out.write_text(json.dumps(content))
    other.import_file("coco", out, tmp_path / "project photos")
    assert other.store.annotations()[0].time == "2026-05-17T12:30:00.000000+00:00"


def test_a_category_that_is_no_name_stores_nothing(made, tmp_path):
    (project, ref), (other, _) = made(), made("other")
    out, content = coco(project, ref, tmp_path)
    content["categories"].append({"id": 99, "name": "a:b:c", "supercategory": "PART"})
    out.write_text(json.dumps(content))
    before = other.config
    with pytest.raises(BadInput, match="colon"):
        other.import_file("coco", out, tmp_path / "project photos")
    assert (other.store.count(), other.config) == (0, before)


def test_two_images_of_one_name_are_not_one_file(made, tmp_path):
    (project, ref), (other, _) = made(), made("other")
    out, content = coco(project, ref, tmp_path)
    row = content["images"][0]
    row.pop("semsam", None)
    content["images"] = [{**row, "file_name": "x/a.png"}, {**row, "id": row["id"] + 1, "file_name": "y/a.png"}]
    out.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="are both"):
        other.import_file("coco", out, tmp_path / "project photos")


def test_a_hand_written_store_line_survives_a_backup(made, tmp_path):
    """Where nothing has to change, not a byte of project.toml does."""
    project, ref = made()
    project.store.accept(ref, mask=box(0, 0, 20, 20), object="car")
    path = project.folder / "project.toml"
    write_config(path, replace(project.config, name="ours"))
    path.write_text(path.read_text() + "# by hand\n")
    back_up(project, tmp_path / "backup")
    assert (tmp_path / "backup" / "project.toml").read_bytes() == path.read_bytes()


def test_the_latest_of_a_correction_and_a_choice_stands(made):
    project, ref = made()
    one = project.store.accept(ref, mask=box(0, 0, 20, 20), object="car", author="ann")
    two = project.store.accept(ref, mask=box(0, 0, 20, 19), object="car", author="ben")
    part = project.store.accept(ref, mask=box(2, 2, 9, 9), part="door", part_of=two.id, author="ben")
    choose(project.store, one.id)
    assert project.store.get(part.id).part_of == one.id
    release(project.store, two.id)
    assert project.store.get(part.id).part_of == two.id
    corrected = project.store.supersede(two.id, mask=box(0, 0, 20, 18), author="ben")
    assert project.store.get(part.id).part_of == corrected.id


def test_parts_of_others_hang_on_what_was_chosen_when_somebody_is_forgotten(made):
    """The chosen one's author stays, or goes and leaves a correction."""
    for forgotten, corrects in (("ann", False), ("ben", True)):
        project, ref = made(f"without {forgotten}")
        first = project.store.accept(ref, mask=box(0, 0, 20, 20), object="car", author="ann")
        chosen = project.store.accept(ref, mask=box(0, 0, 20, 19), object="car", author="ben")
        part = project.store.accept(ref, mask=box(2, 2, 9, 9), part="door", part_of=first.id, author="cid")
        choose(project.store, chosen.id)
        stands = project.store.supersede(chosen.id, mask=box(0, 0, 20, 18), author="dan") if corrects else chosen
        forget(project, forgotten)
        assert project.store.get(part.id).part_of == stands.id
        assert project.store.get(stands.id).status == "accepted"
        assert check(project.store) == []


def test_copies_are_of_the_images_that_were_annotated(made, tmp_path):
    project, ref = made()
    project.store.accept(ref, mask=box(0, 0, 20, 20), object="car")
    for size in ((10, 10), (40, 40)):
        Image.new("RGB", size, "red").save(tmp_path / "project photos" / "a.png")
        for format in ("yolo", "datasets"):
            with pytest.raises(BadInput, match=r"a\.png shows other pixels than were annotated"):
                project.export(format, tmp_path / format)
            assert not (tmp_path / format).exists()


def test_one_semsam_id_twice_is_refused(made, tmp_path):
    (project, ref), (other, _) = made(), made("other")
    out, content = coco(project, ref, tmp_path)
    content["annotations"].append({**content["annotations"][0], "id": 77})
    out.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="have one semsam id"):
        other.import_file("coco", out, tmp_path / "project photos")
    assert other.store.count() == 0
