"""The same recordings through the command line."""

import json

import pytest
from typer.testing import CliRunner

from semsam_annotate.annotations import ObjectClass, PartClass, Project, ProjectConfig
from semsam_annotate.annotations.project_config import write_config
from semsam_annotate.api import BadInput
from semsam_annotate.cli.app import build


@pytest.fixture
def served(tmp_path):
    """The project that `semsam serve` serves, with its secrets."""
    Project.create(tmp_path / "car", name="once").close()
    car = ProjectConfig(name="once", objects=(ObjectClass("car"),), parts=(PartClass("wheel", objects=("car",)),))
    write_config(tmp_path / "car" / "project.toml", car)
    secrets = {"token": "a-token-for-tests", "hook_secret": "a-secret-of-the-webhook-path"}
    (tmp_path / "car" / "serve-secrets.json").write_text(json.dumps(secrets))
    return tmp_path / "car"


def call(*arguments, **environment):
    return CliRunner().invoke(build(), ["labelstudio", *map(str, arguments)], env=environment)


def test_once_and_again(studio, serving, served):
    common = ("--url", studio.url, "--token-env", "TOKEN", "--project", served)
    first = call("setup", *common, TOKEN="x" * 40)
    assert first.exit_code == 0, first.exception
    assert first.stdout.splitlines()[-1].startswith(f"ready: {studio.url}/projects/")
    assert "a-secret" not in first.stdout
    again = json.loads(call("setup", *common, "--json", TOKEN="x" * 40).stdout)
    assert again["changed"] is False
    assert [step["did"] for step in again["steps"]] == ["unchanged"] * 4


def test_what_is_missing_is_named(served):
    common = ("--url", "http://127.0.0.1:9", "--token-env", "TOKEN", "--project")
    for arguments, environment, said in (
        ((served,), {"TOKEN": ""}, "TOKEN is empty"),
        ((served, "--basic-auth-env", "PAIR"), {"TOKEN": "x", "PAIR": "no colon"}, "USER:PASSWORD"),
        ((served.parent,), {"TOKEN": "x"}, "project.toml"),
        ((served,), {"TOKEN": "x"}, "cannot be reached"),
    ):
        result = call("setup", *common, *arguments, **environment)
        assert isinstance(result.exception, BadInput)
        assert said in str(result.exception)
