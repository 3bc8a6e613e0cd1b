"""The npe2 manifest is valid, what it names exists, and none of it imports torch."""

import subprocess
import sys
from pathlib import Path

from npe2 import PluginManifest

import semsam_annotate.napari

MANIFEST = Path(semsam_annotate.napari.__file__).with_name("napari.yaml")


def test_the_manifest_is_valid_and_its_commands_import():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.name == "semsam-annotate"
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["Annotate objects and parts"]
    assert {"napari/layers/annotate", "napari/layers/segment"} <= set(manifest.contributions.menus)


def test_npe2_validates_it():
    check = [sys.executable, "-m", "npe2", "validate", str(MANIFEST)]
    result = subprocess.run(check, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_sample_is_a_photo():
    from semsam_annotate.napari.sample import astronaut

    ((photo, facts, kind),) = astronaut()
    assert photo.shape == (512, 512, 3)
    assert (kind, facts["rgb"]) == ("image", True)


def test_the_plugin_without_its_window_imports_neither_torch_nor_qt():
    rooms = "canvas.annotator", "canvas.picture_source", "engine.worker", "engine.link", "state.project_ledger"
    code = f"import sys, {', '.join(f'semsam_annotate.napari.{room}' for room in rooms)}; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    for module in ("'torch'", "'torchvision'", "'PySide6'", "'PyQt6'", "'qtpy'"):
        assert module not in loaded
