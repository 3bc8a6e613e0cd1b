"""The files that servers are run from: what they call is there, and they keep what ``docs/serving.md`` says."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from semsam_annotate.cli.app import build

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def options_of(command: str) -> set[str]:
    """Every option that a command of ``semsam`` takes."""
    group = typer.main.get_command(build())
    return {
        option
        for parameter in group.commands[command].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def called(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--")}


def exec_form(instruction: str) -> list[str]:
    """The JSON list of the last ``ENTRYPOINT`` or ``CMD`` of the Dockerfile."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
    return json.loads(re.findall(rf"^{instruction} (\[.*\])$", text, re.MULTILINE)[-1])


def unit() -> dict[str, str]:
    lines = (DEPLOY / "semsam-annotate.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_the_unit_calls_what_is_there_and_gives_secrets_by_the_environment():
    words = shlex.split(unit()["ExecStart"])
    assert words[1] == "serve"
    assert called(words) <= options_of("serve")
    assert {"--basic-auth-env", "--label-studio-token-env"} <= called(words)
    assert "--host" not in words
    stop = int(words[words.index("--stop-seconds") + 1])
    assert int(unit()["TimeoutStopSec"]) > stop


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    text = (DEPLOY / "semsam-annotate.service").read_text().replace("/opt/semsam-annotate/bin/semsam", sys.executable)
    (tmp_path / "semsam-annotate.service").write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "semsam-annotate.service")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "semsam-annotate.service" not in found.stdout + found.stderr, found.stderr


def test_the_image_runs_as_somebody_who_is_not_root_and_calls_what_is_there():
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["semsam"]
    entry, extra = exec_form("ENTRYPOINT"), exec_form("CMD")
    assert entry[:2] == ["semsam", "serve"]
    assert called(entry + extra) <= options_of("serve")
    assert "--basic-auth-env" in entry  # other machines are let in
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert {".git", ".venv*", "deploy/secrets.env"} <= set(ignored)


def test_the_image_installs_extras_that_there_are():
    extras = re.search(r'install --no-cache-dir "\.\[(.*)\]"', (DEPLOY / "Dockerfile").read_text()).group(1).split(",")
    shown = (ROOT / "pyproject.toml").read_text()
    assert all(f"\n{extra} = [" in shown for extra in extras)


def test_compose_starts_both_and_lets_only_this_machine_in():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ours, studio = services["semsam-annotate"], services["label-studio"]
    assert called(ours["command"]) <= options_of("serve")
    assert ours["cap_drop"] == ["ALL"]
    assert ours["read_only"] is True
    assert "environment" not in ours
    assert "ports" not in ours
    assert all(port.startswith("127.0.0.1:") for port in studio["ports"])
    assert studio["environment"]["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"
    assert (ROOT / ours["build"]["dockerfile"]).is_file()
    stop = int(ours["command"][ours["command"].index("--stop-seconds") + 1])
    assert int(ours["stop_grace_period"].removesuffix("s")) > stop


def test_the_proxy_lets_a_whole_click_through_and_logs_no_paths():
    text = (DEPLOY / "nginx.conf").read_text()
    assert "client_max_body_size 64m;" in text
    assert "access_log off;" in text
    assert "X-Forwarded-For $remote_addr" in text


@pytest.mark.parametrize("document", ["serving.md", "label-studio.md"])
def test_documents_name_options_that_there_are(document):
    text = (ROOT / "docs" / document).read_text()
    group = typer.main.get_command(build())
    known = {"--system", "--home-dir", "--now"}
    for command in group.commands.values():
        for each in getattr(command, "commands", {"": command}).values():
            known |= {option for parameter in each.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert called(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known
