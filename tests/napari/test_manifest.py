"""The npe2 manifest is valid, what it names exists, and none of it imports torch."""

import re
import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path

import napari.settings
import pytest
import yaml
from napari._app_model.constants._menus import is_menu_contributable
from npe2 import PluginManifest

import semsam_annotate.napari
from semsam_annotate.napari.files.settings import PAGE, PLUGIN, read_preferences
from semsam_annotate.napari.state.preferences import Preferences

MANIFEST = Path(semsam_annotate.napari.__file__).with_name("napari.yaml")


def test_the_manifest_is_valid_and_its_commands_import():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.name == "semsam-annotate"
    names = ["Annotate objects and parts", "Open COCO or part JSON"]
    assert [widget.display_name for widget in manifest.contributions.widgets] == names
    menus = {"napari/layers/annotate", "napari/layers/segment", "napari/file/io_utilities"}
    assert menus == set(manifest.contributions.menus)
    assert all(is_menu_contributable(menu) for menu in menus)


def test_npe2_validates_it():
    check = [sys.executable, "-m", "npe2", "validate", str(MANIFEST)]
    result = subprocess.run(check, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_command_is_used_and_every_use_is_a_command():
    given = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["contributions"]
    commands = {command["id"] for command in given.pop("commands")}
    used = set(re.findall(r"'command': '([^']+)'", str(given)))
    assert used == commands


def test_no_qt_binding_is_a_dependency(root):
    given = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *given["dependencies"],
        *(line for name, extra in given["optional-dependencies"].items() if name != "dev" for line in extra),
    ]
    names = [re.split(r"[^a-z0-9-]", line.lower().replace("_", "-"))[0] for line in asked]
    assert "qtpy" in names
    assert not [name for name in names if name.startswith(("pyside", "pyqt"))]
    assert not [line for line in asked if line.lower().replace(" ", "").startswith("napari[")]
    assert "Framework :: napari" in given["classifiers"]


def test_settings_in_the_manifest_are_those_that_are_read():
    page = PluginManifest.from_file(MANIFEST).contributions.configurations[PAGE]
    defaults = {name: setting.default for name, setting in page.properties.items()}
    assert defaults == asdict(Preferences())
    assert all(setting.title and setting.description for setting in page.properties.values())


def test_settings_are_what_the_person_set(monkeypatch):
    assert read_preferences() == Preferences()
    if not hasattr(napari.settings, "get_plugin_settings"):
        pytest.skip("napari 0.8 has no settings of plugins: it has the defaults")
    page = getattr(napari.settings.get_plugin_settings(PLUGIN), PAGE)
    monkeypatch.setattr(page, "least_score", 0.5)
    monkeypatch.setattr(page, "engine", "http://localhost:9")
    assert read_preferences() == Preferences(engine="http://localhost:9", least_score=0.5)


def test_settings_without_the_plugin_are_the_defaults(monkeypatch):
    monkeypatch.setattr("semsam_annotate.napari.files.settings.PLUGIN", "not-installed")
    assert read_preferences() == Preferences()


def test_the_plugin_without_its_window_imports_neither_torch_nor_qt():
    files = "json_reader", "project_reader", "writers", "samples", "settings", "open_annotations"
    rooms = "canvas.annotator", "engine.worker", "engine.link", *(f"files.{name}" for name in files)
    code = f"import sys, {', '.join(f'semsam_annotate.napari.{room}' for room in rooms)}; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    for module in ("'torch'", "'torchvision'", "'PySide6'", "'PyQt6'", "'qtpy'"):
        assert module not in loaded
