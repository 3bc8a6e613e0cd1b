"""The rooms are loaded by their import names only, and those that promise to do without torch keep the promise."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

IMPORT_ALL = """
import importlib, pkgutil, sys
for room in sys.argv[1:]:
    package = importlib.import_module(room)
    for module in pkgutil.iter_modules(package.__path__, room + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(" ".join(sorted(sys.modules)))
"""
TORCH_FREE = ("api", "annotations", "remote", "napari")
"""The command line's share, ``--help`` without torch, is proven with the wheel."""


def packages(root: Path) -> list[str]:
    setup = configparser.ConfigParser()
    setup.read(root / "setup.cfg", encoding="utf-8")
    return setup["options"]["packages"].split()


def modules_after_importing(rooms: list[str], folder: Path) -> set[str]:
    environment = {**os.environ, "QT_API": "pyside6"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *rooms], capture_output=True, text=True, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_no_room_is_loaded_by_its_folder_name(root: Path) -> None:
    loaded = modules_after_importing(packages(root), root)  # from the checkout, where the folders' names are importable
    assert "semsam_annotate.model" in loaded
    assert not loaded & {"model", "backend", "training"}


def test_rooms_without_torch_import_without_torch(root: Path, tmp_path: Path) -> None:
    rooms = [name for name in packages(root) if name.split(".")[1:2] and name.split(".")[1] in TORCH_FREE]
    assert len(rooms) >= len(TORCH_FREE)
    assert not modules_after_importing(["semsam_annotate", *rooms], tmp_path) & {"torch", "torchvision"}


def test_every_package_folder_is_listed_and_exists(root: Path) -> None:
    on_disk = {"semsam_annotate"} | {
        ".".join(("semsam_annotate", *file.parent.relative_to(base).parts))
        for room in ("semsam_annotate", "model", "training", "backend")
        for base in [root / "semsam_annotate" if room == "semsam_annotate" else root]
        for file in (root / room).rglob("__init__.py")
    }
    assert set(packages(root)) == on_disk
    folders = {
        file.parent
        for room in ("semsam_annotate", "model", "training", "backend")
        for file in (root / room).rglob("*.py")
    }
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
