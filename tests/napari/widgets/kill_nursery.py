"""Opens window after window on one project, each a fork of this process, which has imported all and drawn nothing.

A line of JSON on its input, {"folder": ..., "seed": 3, "engine": ["default", null]}, opens a window; it answers with
the window's process id, and, once that has ended, with how it ended (negative: the signal).
"""

import importlib
import json
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from kill_diary import Diary, place, stamp
from kill_person import BusyPerson
from PIL import Image
from skimage import data

from semsam_annotate.annotations import Project
from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.state.author import user_name
from semsam_annotate.napari.state.workspace import Workspace
from semsam_annotate.napari.state.workspace_file import workspace_file
from semsam_annotate.napari.window import open_window

WINDOW = (1400, 800)
"""Wide enough for the canvas beside the docks, which keep their widths."""
PHOTO = (256, 192)


def warm() -> None:
    """Import what a window imports, once for all windows; the first one says what that is, and makes a project."""
    with tempfile.TemporaryDirectory() as name:
        told = Path(name) / "modules.json"
        first = os.fork()
        if first == 0:
            open_window([], made(Path(name)), EngineChoice("http://127.0.0.1:9"))
            told.write_text(json.dumps(list(sys.modules)))
            os._exit(0)
        os.waitpid(first, 0)
        for module in json.loads(told.read_bytes()):
            with suppress(ImportError):
                importlib.import_module(module)


def made(folder: Path) -> Path:
    """A project of three photos."""
    photos = [folder / f"{name}.png" for name in ("astronaut", "coffee", "cat")]
    for path, pixels in zip(photos, (data.astronaut(), data.coffee(), data.chelsea()), strict=True):
        Image.fromarray(pixels).resize(PHOTO).save(path)
    parts = {"suit": ["person"], "handle": ["cup"]}
    Project.create(folder / "project", objects=["person", "cup"], parts=parts, images=photos).close()
    return folder / "project"


def live(folder: Path, seed: int, engine: EngineChoice, parent: int) -> None:
    """One window, until it is killed."""
    output = os.open(folder / "windows.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    kept = workspace_file(folder / "project", user_name())
    left = {"file": stamp(kept), "place": place(Workspace.read(kept))}
    viewer, dock = open_window([], folder / "project", engine)
    sys.excepthook = _end
    viewer.window.resize(*WINDOW)
    BusyPerson(viewer, dock, Diary(folder / "diary.jsonl"), seed, left).work(parent)


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> NoReturn:
    """Also of what Qt calls: a window that raises has failed."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(1)


def main() -> None:
    """Window after window."""
    warm()
    parent = os.getpid()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        folder = Path(wish["folder"])
        if not (folder / "project").exists():
            made(folder)
        child = os.fork()
        if child == 0:
            try:
                live(folder, wish["seed"], EngineChoice(*wish["engine"]), parent)
            except BaseException:
                _end(*sys.exc_info())
            os._exit(0)
        print(json.dumps({"pid": child}), flush=True)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}), flush=True)


if __name__ == "__main__":
    main()
