"""Windows run in processes of their own, on whatever display there is; a nursery opens many, to be killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Line = dict[str, Any]


@pytest.fixture(scope="module")
def screen() -> list[str]:
    """What to put before a command so that it has a display."""
    if os.environ.get("DISPLAY"):
        return []
    if shutil.which("xvfb-run"):
        return ["xvfb-run", "-a", "-s", "-screen 0 1680x1050x24 +extension GLX"]
    pytest.skip("no display: DISPLAY is not set and xvfb-run is not installed")


@pytest.fixture
def annotator(qapp, scene, ledger, worker):
    """On a viewer that is a model, with the real threads."""
    from napari.components import ViewerModel

    from semsam_annotate.napari.canvas.annotator import Annotator
    from semsam_annotate.napari.state.session import AnnotationSession

    viewer = ViewerModel()
    viewer.add_image(scene, name="scene")
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    yield annotator
    annotator.close()


class Nursery:
    """A process that opens windows, and the diary that they write."""

    def __init__(self, screen: list[str]) -> None:
        command = [*screen, sys.executable, str(Path(__file__).with_name("kill_nursery.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = 0
        self.hear()

    def settle(self, folder: Path) -> None:
        """Windows open on the project in this folder from now on."""
        if self.pid:  # a test that failed has left it open
            self.kill()
        self.folder, self._read, self.engine = folder, 0, 0

    def hear(self) -> Line:
        line = self._process.stdout.readline()
        assert line, "the nursery has ended"
        return json.loads(line)

    def open(self, seed: int, url: str = "default", token: str | None = None) -> None:
        """Open a window, with the engine of a server or one of its own."""
        self._process.stdin.write(json.dumps({"folder": str(self.folder), "seed": seed, "engine": [url, token]}) + "\n")
        self._process.stdin.flush()
        self.pid = self.hear()["pid"]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        ended, self.pid = self.hear()["ended"], 0
        words = self.folder / "windows.txt"
        assert ended == -signal.SIGKILL, f"the window ended by itself ({ended}): {words.read_text()[-4000:]}"

    def new_lines(self) -> list[Line]:
        """Of the diary, since the last call."""
        path = self.folder / "diary.jsonl"
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._read)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        lines = [json.loads(line) for line in whole.splitlines()]
        self.engine = next((line["pid"] for line in reversed(lines) if line["what"] == "engine"), self.engine)
        return lines

    def until(self, done: Callable[[Line], bool], seconds: float = 120) -> list[Line]:
        """New lines, the last ones of which hold one that was waited for."""
        end, lines = time.monotonic() + seconds, self.new_lines()
        while not any(map(done, lines)):
            assert time.monotonic() < end, f"waited in vain; last: {lines[-3:]}"
            time.sleep(0.005)
            lines += self.new_lines()
        return lines

    def until_engine(self, other_than: int) -> list[Line]:
        """Until the window has a new engine, starting or running; its process id is in ``engine``."""
        return self.until(lambda _: self.engine != other_than)

    def close(self) -> None:
        if self.pid:
            self.kill()
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()


@pytest.fixture(scope="module")
def nurse(screen) -> Iterator[Nursery]:
    with closing(Nursery(screen)) as nursery:
        yield nursery


@pytest.fixture
def nursery(nurse, tmp_path) -> Nursery:
    nurse.settle(tmp_path)
    return nurse
