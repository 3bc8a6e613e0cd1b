"""The same recordings through the command line."""

import json

import pytest
from typer.testing import CliRunner

from semsam_annotate.annotations import ObjectClass, PartClass, Project, ProjectConfig
from semsam_annotate.annotations.project_config import write_config
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin import sources
from semsam_annotate.backend.label_studio.image_hosts import image_hosts
from semsam_annotate.cli.app import build

CONFIG = (
    '<View><Image name="image" value="$image"/>'
    '<BrushLabels name="b" toName="image"><Label value="car"/></BrushLabels></View>'
)


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


def test_hosts_of_images_are_the_same_as_for_the_server(served, tmp_path, monkeypatch):
    asked = []

    class Api:
        def __init__(self, url, token):
            self.origin = url

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def get(self, path, query=None, seconds=None):
            return [] if path.endswith("/export") else {"label_config": CONFIG}

    async def fetch(address, connection, most):
        asked.append((address, connection.image_hosts))
        return b""

    monkeypatch.setattr(sources, "LabelStudioApi", Api)
    monkeypatch.setattr(sources, "fetch_image", fetch)
    hosts = image_hosts(["images.test", "other.test:8443"])
    sources.from_label_studio("http://studio.test", "x" * 40, 1, Vocabulary(), hosts).fetch("https://images.test/a.png")
    assert asked == [("https://images.test/a.png", ("images.test", "other.test:8443"))]
    where = ("--url", "http://127.0.0.1:9", "--token-env", "TOKEN", "--ls-project", 1)
    out, images = ("--out", tmp_path / "x.json"), ("--images", tmp_path / "images")
    for command, said in (
        ((*where, *out, *images, "--image-host", "10.0.0.1"), "private address"),
        ((*where, *out, "--image-host", "images.test"), "--images"),
        (("--in", tmp_path / "a.json", *out, *images, "--image-host", "images.test"), "--url"),
        ((*where, *out, *images, "--image-host", "images.test"), "nothing to export"),
    ):
        result = call("export", *command, TOKEN="x" * 40)
        assert isinstance(result.exception, BadInput)
        assert said in str(result.exception)
    doctor = ["doctor", "labelstudio", *map(str, where), "--project", str(served), "--image-host", "10.0.0.1"]
    result = CliRunner().invoke(build(), doctor, env={"TOKEN": "x" * 40})
    assert "private address" in str(result.exception)
