"""Which model serves: changed here, changed by somebody else, damaged."""

import time

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput
from semsam_annotate.napari.state.training import TrainingRun


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project") as made:
        yield made


def test_a_model_promoted_elsewhere_is_noticed(project):
    run, told = TrainingRun(project), []
    run.model.switched.connect(told.append)
    run.poll()
    assert told == []
    (project.models / "active.json").write_text('{"promoted": ["0123456789ab"]}')
    run.poll()
    run.poll()
    assert told == [project.folder]
    assert (run.model.active, run.model.can_go_back) == ("0123456789ab", True)
    (project.models / "active.json").write_text("{")
    run.poll()
    assert "is damaged" in run.model.error
    (project.models / "active.json").unlink()
    run.poll()
    assert (run.model.active, run.model.error) == ("packaged", "")


def test_a_version_that_is_not_there_changes_nothing(project):
    run = TrainingRun(project)
    run.model.promote("0123456789ab")
    with pytest.raises(BadInput, match="one moment"):
        run.model.go_back()
    end = time.monotonic() + 120
    while run.model.busy:
        assert time.monotonic() < end
        run.poll()
        time.sleep(0.05)
    assert "no model version '0123456789ab'" in run.model.error
    assert run.model.active == "packaged"
