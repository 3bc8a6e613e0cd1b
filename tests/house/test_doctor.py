"""The doctor tells the truth about the environment that runs it."""

import json
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from semsam_annotate.cli import findings
from semsam_annotate.cli.app import build


def test_json_names_every_package_with_its_version() -> None:
    result = CliRunner().invoke(build(), ["doctor", "--json"])
    assert result.exit_code == 0
    found = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert found["core"]["ok"]
    assert f"numpy {metadata.version('numpy')}" in found["core"]["detail"]
    assert f"torch {metadata.version('torch')}" in found["local"]["detail"]
    assert found["device"]["ok"]


def test_a_missing_package_comes_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    known = findings.requirements()
    monkeypatch.setattr(findings, "requirements", lambda: {**known, "train": ["no-such-package"]})
    train = next(finding for finding in findings.extras() if finding.name == "train")
    assert not train.ok
    assert train.detail == "missing: no-such-package"
    assert train.remedy == "pip install 'semsam-annotate[train]'"


def test_without_a_display_the_window_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "no display" in findings.window().detail


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(findings, "ROOM_NEEDED_GB", 10**9)
    assert not findings.disk(tmp_path).ok


def test_extras_are_those_a_user_can_ask_for() -> None:
    assert {"", "local", "napari", "serve", "train", "dev"} <= findings.requirements().keys()
