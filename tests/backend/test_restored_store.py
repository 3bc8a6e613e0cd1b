"""After a backup of the store is put back, the comparison with Label Studio finds what it lacks and has too much."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.upkeep.backup import back_up
from semsam_annotate.annotations.upkeep.restoring import restore
from semsam_annotate.cli.app import build


@pytest.fixture
def reconcile(project_folder, image_host, studio_api):
    def run(*only):
        given = ["--token-env", "TOKEN", "--project", str(project_folder), "--url", image_host.url, *only]
        done = CliRunner().invoke(build(), ["labelstudio", "reconcile", "--json", *given], env={"TOKEN": "x" * 40})
        return done.exit_code, json.loads(done.stdout or "{}").get("missed", {}).get("1")

    return run


@pytest.fixture
def annotate(studio_api, body_of):
    body = body_of("webhook_annotation_created_ui")

    def make(id):
        annotation = {**body["annotation"], "id": id}
        studio_api.annotate(annotation, body["task"]["data"], body["project"]["label_config"])

    return make


def stored(folder):
    with Project.open(folder) as project:
        return sorted(int(record.source.external_id.split("/")[0]) for record in project.store.annotations())


@pytest.mark.parametrize("lost", [False, True], ids=["restored", "and label-studio lost"])
def test_what_came_and_went_since_the_backup_is_found(tmp_path, project_folder, reconcile, annotate, studio_api, lost):
    annotate(1)
    assert reconcile("--ls-project", "1")[0] == 0
    with Project.open(project_folder) as project:
        back_up(project, tmp_path / "backup")
    annotate(2)
    del studio_api.annotations[1]
    assert reconcile("--ls-project", "1")[1]["deleted"] == 1
    assert stored(project_folder) == [2]
    restore(tmp_path / "backup", project_folder)
    assert stored(project_folder) == [1]
    if lost:
        (project_folder / "label-studio" / "webhooks.sqlite").unlink()
        (project_folder / "label-studio" / "reconciled.sqlite").unlink()
    code, missed = reconcile("--ls-project", "1")
    assert (code, missed["created"], missed["deleted"]) == (0, 1, 1)
    assert stored(project_folder) == [2]
    assert reconcile("--ls-project", "1")[1]["tasks"] == 0
    shutil.rmtree(tmp_path / "backup")


def test_the_projects_are_known_without_being_named(tmp_path, project_folder, reconcile, annotate):
    with Project.open(project_folder) as project:
        back_up(project, tmp_path / "backup")
    annotate(1)
    assert reconcile("--ls-project", "1")[1]["created"] == 1
    restore(tmp_path / "backup", project_folder)
    assert stored(project_folder) == []
    assert reconcile()[1]["created"] == 1
    assert stored(project_folder) == [1]
