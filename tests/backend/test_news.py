"""What webhooks say: of one annotation or of several, and which of two changes is the newer one."""

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.news import read_news


def annotation(number, task=None, **more):
    return {"id": number, "task": task, "result": [], **more}


def tasks(*numbers):
    return [{"id": number, "data": {"image": f"/data/upload/1/{number}.png"}} for number in numbers]


@pytest.mark.parametrize(("one", "several"), [("annotation", "task"), ("annotations", "tasks")])
def test_several_annotations_have_a_task_each(one, several):
    body = {"action": "ANNOTATIONS_CREATED", "project": {"id": 1}}
    body |= {one: [annotation(1, 8), annotation(2, 7), annotation(3, 9)], several: tasks(7, 8)}
    assert [(told.id, told.task, told.data.get("image")) for told in read_news(body)] == [
        ("1", 8, "/data/upload/1/8.png"), ("2", 7, "/data/upload/1/7.png"), ("3", None, None),
    ]  # fmt: skip


def version(time):
    body = {"action": "ANNOTATION_UPDATED", "project": {"id": 1}, "task": tasks(7)[0]}
    (told,) = read_news({**body, "annotation": annotation(1, updated_at=time)})
    return told.version


def test_times_sort_as_text_whatever_clock_they_are_told_by():
    ordered = [
        "2026-10-25T00:30:00Z", "2026-10-25T02:45:00.5+02:00", "2026-10-25T02:15:00.000001+01:00",
        "2026-10-25T01:15:00.000002", "2026-10-24T20:16:00-05:00",
    ]  # fmt: skip
    assert sorted(map(version, ordered)) == [version(time) for time in ordered]
    assert version(ordered[0]) == "2026-10-25T00:30:00.000000Z"
    assert version(None) == "0" < version("1970-01-01T00:00:00Z")


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01T00:00:00Z", {"a": 1}, "0001-01-01T00:00:00+14:00", "\ud800"])
def test_what_is_no_time_is_one_line(time):
    with pytest.raises(BadInput, match="ISO 8601"):
        version(time)
