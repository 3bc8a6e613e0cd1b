"""What webhooks missed is taken in once, and what is newer in the store stays."""

import copy
import json
import time

import pytest
from typer.testing import CliRunner

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import is_held
from semsam_annotate.cli.app import build

LATER = "2026-11-22T00:00:00.000000Z"


def wait(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def missed(studio_api, body_of):
    """An annotation of that id that Label Studio has and no webhook told of."""
    body = body_of("webhook_annotation_created_ui")

    def make(id, **said):
        annotation = {**copy.deepcopy(body["annotation"]), "id": id, **said}
        studio_api.annotate(annotation, body["task"]["data"], body["project"]["label_config"])
        return {**body, "annotation": annotation}

    return make


@pytest.fixture
def compare(label_studio, body_of):
    """Compare with Label Studio now, apply what was missed: what the administrator sees."""
    background = label_studio.app.state.label_studio.background
    setup = body_of("setup_post")
    uid = setup["project"]

    def run():
        before = background.reconciling.outcomes.pop(uid, None)
        background.reconciling._due.pop(uid, None)
        label_studio.post("/setup", json=setup)
        wait(lambda: uid in background.reconciling.outcomes)
        label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
        assert before is None or before is not background.reconciling.outcomes[uid]
        return label_studio.get("/status").json()["reconciling"][uid]

    return run


def numbers(outcome):
    return outcome["created"], outcome["updated"], outcome["deleted"]


def accepted(folder, status="accepted"):
    with Project.open(folder) as project:
        return project.store.annotations(status)


def test_created_updated_deleted_and_skipped_while_we_were_down(
    label_studio, project_folder, missed, compare, studio_api
):
    for id in (1, 2, 3):
        label_studio.post("/webhook", json=missed(id))
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    assert len(accepted(project_folder)) == 3
    changed = missed(1, updated_at=LATER)["annotation"]
    changed["result"] = [{**changed["result"][0], "value": {**changed["result"][0]["value"], "brushlabels": ["Part"]}}]
    del studio_api.annotations[2]
    missed(3, updated_at=LATER, was_cancelled=True, result=[])
    missed(4)
    assert numbers(compare()) == (1, 2, 1)
    now = {record.source.external_id.partition("/")[0]: record for record in accepted(project_folder)}
    assert now.keys() == {"1", "4"}
    assert now["1"].kind == "part"
    assert len(accepted(project_folder, "deleted")) == 2
    assert numbers(compare()) == (0, 0, 0)
    assert len(accepted(project_folder, None)) == 5, "three, the corrected one, the fourth"


def test_only_what_changed_is_read_again(label_studio, missed, compare, studio_api):
    missed(1)
    assert numbers(compare()) == (1, 0, 0)
    studio_api.asked.clear()
    assert numbers(compare()) == (0, 0, 0)
    assert not any("annotations/" in path for _, path in studio_api.asked)


def test_what_is_newer_here_stays(label_studio, project_folder, missed, compare, studio_api, body_of):
    old = copy.deepcopy(missed(1)["annotation"])
    label_studio.post("/webhook", json=missed(1, updated_at=LATER))
    missed(2)
    label_studio.post("/webhook", json=missed(2))
    deleted = body_of("webhook_annotations_deleted")
    label_studio.post("/webhook", json={**deleted, "annotations": [{"id": 2}]})
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    studio_api.annotations[1] = old  # the list was read before these webhooks came
    assert numbers(compare()) == (0, 0, 0)
    assert [record.source.external_id.partition("/")[0] for record in accepted(project_folder)] == ["1"]


def test_many_tasks_come_in_pages(label_studio, project_folder, missed, compare, studio_api):
    for id in range(1, 251):
        studio_api.tasks[id] = {"id": id, "data": {"image": "/x"}, "project": 1, "updated_at": LATER}
    missed(7)
    assert numbers(compare()) == (1, 0, 0)
    assert sum("/api/tasks?" in path for _, path in studio_api.asked) == 3


def test_another_label_studio_deletes_nothing(label_studio, project_folder, missed, compare, studio_api):
    missed(1)
    compare()
    studio_api.annotations.clear()
    studio_api.project["created_at"] = LATER
    assert "another Label Studio" in compare()["error"]
    assert len(accepted(project_folder)) == 1


@pytest.mark.parametrize("status", [401, 404, 500])
def test_without_an_answer_nothing_is_deleted(label_studio, project_folder, missed, compare, studio_api, status):
    missed(1)
    compare()
    studio_api.down = status
    studio_api.annotations.clear()
    assert str(status) in compare()["error"] or "token" in compare()["error"]
    assert len(accepted(project_folder)) == 1
    studio_api.down = 0
    assert numbers(compare()) == (0, 0, 1)
    assert accepted(project_folder) == []


def reconcile(*arguments):
    command = ["labelstudio", "reconcile", "--token-env", "TOKEN", *map(str, arguments)]
    return CliRunner().invoke(build(), command, env={"TOKEN": "x" * 40})


def test_by_hand_while_no_server_runs(project_folder, missed, studio_api, image_host):
    missed(1)
    missed(2)
    common = ("--project", project_folder, "--url", image_host.url)
    assert "--ls-project" in str(reconcile(*common).exception)
    done = reconcile(*common, "--ls-project", 1)
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("project 1: 2 created, 0 updated, 0 deleted")
    assert len(accepted(project_folder)) == 2
    del studio_api.annotations[2]
    again = json.loads(reconcile(*common, "--json").stdout)
    assert again["missed"]["1"] == {"created": 0, "updated": 0, "deleted": 1, "tasks": 1}
    assert (again["waiting"], again["reasons"]) == (0, [])
    assert len(accepted(project_folder)) == 1


def test_not_beside_a_server(label_studio, project_folder, image_host):
    wait(lambda: is_held(label_studio.app.state.label_studio.background.lock))
    refused = reconcile("--project", project_folder, "--url", image_host.url, "--ls-project", 1)
    assert isinstance(refused.exception, BadInput)
    assert "semsam serve" in str(refused.exception)


def test_what_cannot_be_applied_is_named(project_folder, missed, image_host):
    annotation = missed(1)["annotation"]
    annotation["result"][0]["value"]["rle"] = [1, 2, 3]
    done = reconcile("--project", project_folder, "--url", image_host.url, "--ls-project", 1)
    assert "put aside: annotation 1: " in done.stderr
    assert done.exit_code == 1
    again = reconcile("--project", project_folder, "--url", image_host.url)
    assert (again.exit_code, again.stderr.count("put aside")) == (1, 1), "tried again, kept once"


def test_an_image_that_was_away_is_taken_in_the_next_time(project_folder, missed, image_host):
    missed(1)
    files, image_host.files = image_host.files, {}
    common = ("--project", project_folder, "--url", image_host.url, "--ls-project", 1)
    assert reconcile(*common).exit_code == 1
    assert "404" in reconcile(*common).stderr
    image_host.files = files
    assert reconcile(*common).exit_code == 0
    assert len(accepted(project_folder)) == 1


def test_a_host_that_was_not_declared_can_be(project_folder, missed, image_host):
    annotation, shown = missed(1)["annotation"], "https://images.invalid/b.png"
    image_host.api.tasks[annotation["task"]]["data"] = {"image": shown}
    common = ("--project", project_folder, "--url", image_host.url, "--ls-project", 1)
    refused = reconcile(*common)
    assert (refused.exit_code, "--image-host" in refused.stderr) == (1, True)
    waits = reconcile(*common, "--image-host", "images.invalid")
    assert (waits.exit_code, "images.invalid" in waits.stderr and "--image-host" not in waits.stderr) == (1, True)


def test_what_no_task_lists_is_asked_for_before_it_is_deleted(
    label_studio, project_folder, missed, compare, studio_api
):
    missed(1)
    compare()
    studio_api.annotations[1]["task"] = 99  # its task is in no list: moved, or the list of ids was cut
    assert numbers(compare()) == (0, 0, 0)
    assert len(accepted(project_folder)) == 1
