"""``semsam serve`` as a process: what it shows, whom it lets in, how it stops."""

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from semsam_annotate.annotations import Project

STOPPED = -signal.SIGTERM
"""How a server ends that was told to, after what ran has ended: what service managers take as well done."""
SLOW = 1.5
"""Seconds that reading an image takes in the child."""


def told(child: subprocess.Popen) -> str:
    """What a server said on standard error until it was stopped."""
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == STOPPED
    return child.stderr.read()


def refused(*options: object) -> str:
    command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--port", "0", *map(str, options)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    return ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_other_machines_are_let_in_only_with_credentials_that_somebody_gave(host):
    assert "--token-env" in refused("--host", host, "--engine-only")


def test_options_that_cannot_be_are_one_line(monkeypatch):
    assert "log level" in refused("--log-level", "loud", "--engine-only")
    assert "--engine-only fetches no images" in refused("--engine-only", "--image-host", "10.0.0.1")
    assert "NOT_SET" in refused("--token-env", "NOT_SET", "--engine-only")
    monkeypatch.setenv("PAIR", "no colon")
    assert "USER:PASSWORD" in refused("--basic-auth-env", "PAIR", "--engine-only")


def test_made_secrets_are_shown_once(serving, tmp_path):
    folder = tmp_path / "project"
    with serving("--project", folder) as (child, _):
        first = told(child)
    kept = json.loads((folder / "serve-secrets.json").read_text())
    assert (folder / "serve-secrets.json").stat().st_mode & 0o077 == 0
    assert all(secret in first for secret in kept.values())
    with serving("--project", folder) as (child, url):
        answer = httpx.get(f"{url}/v1/info", headers={"Authorization": f"Bearer {kept['token']}"})
        assert answer.status_code == 200
        again = told(child)
    assert not any(secret in again for secret in kept.values())
    assert "serve-secrets.json" in again
    with serving("--project", folder, "--show-secrets") as (child, _):
        shown = told(child)
    assert all(secret in shown for secret in kept.values())


def test_in_a_project_it_serves_that_unless_weights_are_named(serving, tmp_path, monkeypatch):
    Project.create(tmp_path / "p").close()
    monkeypatch.chdir(tmp_path / "p")
    with serving("--weights", "default", "--engine-only") as (child, _):
        told(child)
    assert not (tmp_path / "p" / "serve-secrets.json").exists()
    with serving() as (child, _):
        told(child)
    assert (tmp_path / "p" / "serve-secrets.json").exists()


def test_credentials_from_the_environment_open_the_server_and_are_in_no_list_of_processes(
    serving, tmp_path, monkeypatch
):
    monkeypatch.setenv("PAIR", "studio:a-password")
    Project.create(tmp_path / "p").close()
    with serving("--project", tmp_path / "p", "--basic-auth-env", "PAIR") as (child, url):
        assert httpx.get(f"{url}/versions", auth=("studio", "a-password")).status_code == 200
        assert httpx.get(f"{url}/versions", auth=("studio", "another")).status_code == 401
        assert b"a-password" not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
        assert "a-password" not in told(child)


def test_what_runs_when_the_server_is_stopped_is_answered(serving, scene, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "a-token-for-tests")
    headers = {"Authorization": "Bearer a-token-for-tests"}
    with serving("--engine-only", "--token-env", "TOKEN", slow=SLOW) as (child, url), ThreadPoolExecutor(1) as pool:
        size = {"height": scene.shape[0], "width": scene.shape[1]}
        sent = {"content": scene.tobytes(), "params": size, "headers": headers, "timeout": 60}
        running = pool.submit(httpx.post, f"{url}/v1/encode", **sent)
        waiting = 0
        while not waiting:
            waiting = httpx.get(f"{url}/status", headers=headers).json()["engine"]["waiting"]
        child.send_signal(signal.SIGTERM)
        assert running.result(60).status_code == 200
        assert child.wait(60) == STOPPED
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health", headers=headers)


def test_a_run_that_is_too_long_does_not_keep_a_server_from_stopping(serving, scene, monkeypatch):
    monkeypatch.setenv("TOKEN", "a-token-for-tests")
    headers = {"Authorization": "Bearer a-token-for-tests"}
    options = ("--engine-only", "--token-env", "TOKEN", "--stop-seconds", 1)
    with serving(*options, slow=8) as (child, url), ThreadPoolExecutor(1) as pool:
        size = {"height": scene.shape[0], "width": scene.shape[1]}
        sent = {"content": scene.tobytes(), "params": size, "headers": headers, "timeout": 60}
        running = pool.submit(httpx.post, f"{url}/v1/encode", **sent)
        while not httpx.get(f"{url}/status", headers=headers).json()["engine"]["waiting"]:
            pass
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == STOPPED
        outcome = running.exception(60) or running.result()
        assert isinstance(outcome, httpx.HTTPError) or outcome.status_code >= 400
