"""Files that somebody else wrote badly: one line, no traceback, nothing lost without a word."""

import json
from contextlib import suppress

import pytest

from semsam_annotate.annotations import Project, read_import
from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format
from semsam_annotate.cli.importing import read_any

HUGE = 10**400
SQUARE = [1, 1, 9, 1, 9, 9, 1, 9]


@pytest.fixture
def file(photo, tmp_path):
    """Writes a COCO file, or an LVIS one, with an annotation for each segmentation; ``facts``: of every annotation."""

    def write(*segmentations, lvis=False, category="car", **facts):
        photo()
        image = {"id": 1, "file_name": "0.png", "width": 32, "height": 24}
        image |= {"neg_category_ids": [], "not_exhaustive_category_ids": []} if lvis else {}
        rows = [
            {"id": id, "image_id": 1, "category_id": 1, "segmentation": segmentation, **facts}
            for id, segmentation in enumerate(segmentations, start=1)
        ]
        path = tmp_path / "photos" / "given.json"
        content = {"images": [image], "categories": [{"id": 1, "name": category}], "annotations": rows}
        path.write_text(json.dumps(content), "utf-8")
        return path

    return write


@pytest.fixture
def tasks(photo, propose, tmp_path):
    """Tasks of Label Studio as the project writes them."""
    with Project.create(tmp_path / "of") as project:
        project.store.accept(photo(), propose(), object="car", level=2)
        project.export(tasks_format(), tmp_path / "tasks.json")
    return tmp_path / "tasks.json"


def take_in(project, source, images=None):
    return project.take_in(read_any("auto", source, images, project.folder))


def test_polygons_without_three_points_are_counted(file, project):
    report = take_in(project, file([SQUARE], [[1, 1, 9, 9]], [SQUARE, [2, 2, 3, 3]], lvis=True))
    assert (report.added, report.passed) == (2, {"polygons of fewer than three points": 2})


def test_half_a_point_is_damage(file, project):
    for lvis in (True, False):
        with pytest.raises(BadInput, match="pairs"):
            take_in(project, file([SQUARE], [SQUARE[:-1]], lvis=lvis))
    assert project.store.count() == 0


@pytest.mark.parametrize("lvis", [False, True])
def test_numbers_that_no_float_holds(lvis, file, project):
    for segmentation, facts in (([[*SQUARE[:-1], HUGE]], {}), ([SQUARE], {"semsam": {"score": HUGE}})):
        if lvis and facts:
            continue
        with pytest.raises(BadInput) as caught:
            take_in(project, file(segmentation, lvis=lvis, **facts))
        assert len(str(caught.value)) < 300
    if not lvis:
        with pytest.raises(BadInput, match="annotation 1"):
            take_in(project, file([SQUARE], score=HUGE))
    assert project.store.count() == 0


@pytest.mark.parametrize("field", ["score", "seconds", "clicks"])
def test_no_record_holds_what_cannot_be_stored(field, store, image, propose):
    for number in (HUGE, -HUGE, float("nan"), float("inf")):
        with pytest.raises(BadInput, match=f"{field} cannot be"):
            store.accept(image, propose(), **{field: number})


@pytest.mark.parametrize("name", ["\ud800", "a\x01b", "a\x7fb", "a\x92b", "a\uffffb", "a\nb"])
@pytest.mark.parametrize("lvis", [False, True])
def test_characters_that_are_none_are_named(name, lvis, file, project):
    with pytest.raises(BadInput, match="character") as caught:
        take_in(project, file([SQUARE], lvis=lvis, category=name))
    assert "\n" not in str(caught.value)
    assert project.store.count() == 0


def test_a_category_nobody_uses_is_named_alike(file, project):
    with pytest.raises(BadInput, match="cannot be stored"):
        project.take_in(read_import("coco", file(category="\ud800")))


def test_nested_without_end(project, tmp_path):
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(BadInput, match="no JSON export of Label Studio"):
        take_in(project, tmp_path / "deep.json", tmp_path)


@pytest.mark.parametrize("field", ["type", "from_name", "id", "value"])
@pytest.mark.parametrize("strange", [{"a": 1}, [[]], None, 7])
def test_tasks_of_other_types(field, strange, tasks, project, tmp_path):
    content = json.loads(tasks.read_text("utf-8"))
    for item in content[0]["annotations"][0]["result"]:
        before = item[field]
        item[field] = strange
        tasks.write_text(json.dumps(content), "utf-8")
        with suppress(BadInput):  # whatever else would be a traceback
            take_in(project, tasks, tmp_path / "photos")
        item[field] = before


def test_tasks_that_windows_wrote(tasks, project, tmp_path):
    tasks.write_bytes(b"\xef\xbb\xbf" + tasks.read_bytes())
    assert take_in(project, tasks, tmp_path / "photos").added == 1


def test_a_name_of_two_lines_is_one(tasks, project, tmp_path):
    content = json.loads(tasks.read_text("utf-8"))
    result = content[0]["annotations"][0]["result"]
    result[0]["value"]["brushlabels"] = []
    said = {"from_name": "object_name", "to_name": "image", "type": "textarea", "value": {"text": ["old\n car"]}}
    result.append({"id": result[0]["id"], **said})
    tasks.write_text(json.dumps(content), "utf-8")
    take_in(project, tasks, tmp_path / "photos")
    assert [one.object for one in project.store.annotations()] == ["old car"]
