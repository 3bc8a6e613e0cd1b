"""A window with the engine in its child process, and a stopwatch that sees when a frame is on the screen.

Torch must not come into this process: it is a person's napari.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from qtpy.QtCore import QEvent, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from skimage import data

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/napari/widgets"))  # the driver of the window tests

from window_person import Person  # noqa: E402

from semsam_annotate.napari.engine.link import EngineChoice  # noqa: E402
from semsam_annotate.napari.engine.request import EngineLink  # noqa: E402
from semsam_annotate.napari.window import open_window, spare_collections  # noqa: E402

SIZE = (1600, 1000)
Point = tuple[float, float]


class Stopwatch:
    """Sends real events to a window and notes, in seconds of ``time.perf_counter``, when frames come."""

    def __init__(self, person: Person) -> None:
        self.person, self.annotator = person, person.dock.annotator
        self.session, self.worker = self.annotator.session, self.annotator.worker
        self.frame = 0.0
        self.states: list[tuple[float, str]] = []
        self.encoded = person.encoded
        person.canvas.frameSwapped.connect(self._framed)
        self.worker.state.connect(self._noted)

    def wait(self, until: Callable[[], bool], seconds: float = 120.0) -> None:
        """Run the window until something holds."""
        end = time.perf_counter() + seconds
        while not until():
            assert time.perf_counter() < end, f"waited in vain; the window says: {self.person.says()}"
            self.person.turn()
            time.sleep(0.0005)

    def drawn(self, since: float) -> float:
        """Wait for a frame that ends later than ``since``; when it was there."""
        self.wait(lambda: self.frame > since)
        return self.frame

    def settle(self, seconds: float = 0.05) -> None:
        """Let the window do what is left over."""
        end = time.perf_counter() + seconds
        self.wait(lambda: time.perf_counter() > end)

    def ready(self) -> None:
        """Wait until the engine has read the picture."""
        self.wait(lambda: self.session.picture is not None and self.session.picture.key in self.encoded, 240)
        self.wait(lambda: self.states[-1][1] == "idle", 240)

    def press(self, key: Qt.Key) -> float:
        """Press a key; when that began."""
        self.person.canvas.setFocus()
        began = time.perf_counter()
        QTest.keyClick(self.person.canvas, key)
        return began

    def click(self, point: Point) -> float:
        """Click on a pixel of the image; when that began."""
        spot = self.person.spot(point)
        began = time.perf_counter()
        QTest.mouseClick(self.person.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
        return began

    def move(self, point: Point) -> float:
        """Move the pointer over a pixel of the image; when that began."""
        spot, canvas = self.person.spot(point), self.person.canvas
        nothing = Qt.MouseButton.NoButton
        place, there = QPointF(spot), QPointF(canvas.mapToGlobal(spot))
        held = Qt.KeyboardModifier.NoModifier
        began = time.perf_counter()
        QApplication.sendEvent(canvas, QMouseEvent(QEvent.Type.MouseMove, place, there, nothing, nothing, held))
        return began

    def bare(self, layer: Any) -> float:
        """Seconds in which napari alone draws a layer afresh."""
        began = time.perf_counter()
        layer.refresh(extent=False)
        return self.drawn(began) - began

    def _framed(self) -> None:
        self.frame = time.perf_counter()

    def _noted(self, state: str) -> None:
        self.states.append((time.perf_counter(), state))


class Heartbeat:
    """A timer of a millisecond: how long the window did not come round to it."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self.gaps: list[float] = []
        self.doing = ""
        self.longest = 0.0, ""
        """Seconds, and what was done then."""
        self._last = 0.0

    def during(self, action: Callable[[], object]) -> list[float]:
        """Seconds between beats while ``action`` runs."""
        self.gaps, self.longest, self._last = [], (0.0, ""), time.perf_counter()
        self._timer.start(1)
        action()
        self._beat()
        self._timer.stop()
        return self.gaps

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self.longest = max(self.longest, (now - self._last, self.doing))
        self._last = now


@contextmanager
def opened(images: Sequence[Path], project: Path, link: EngineLink | None = None) -> Iterator[Stopwatch]:
    """A window on image files with the packaged model; ``link``: of an engine that starts already."""
    viewer, dock = open_window(images, project, EngineChoice(), link=link)
    viewer.window.resize(*SIZE)
    spare_collections()  # as ``semsam annotate`` does
    try:
        watch = Stopwatch(Person(viewer, dock))
        watch.settle(0.5)
        viewer.reset_view()
        yield watch
    finally:
        dock.shut_down()
        viewer.close()
    assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision", "triton")]


def photos(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Photos of (width, height) pixels, all different; those that are there already are kept."""
    photo = np.asarray(Image.fromarray(data.astronaut()).resize(size))
    paths = [folder / f"photo-{number:04d}.jpg" for number in range(count)]
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        if not path.exists():
            Image.fromarray(np.roll(photo, 7 * number, axis=1)).save(path, quality=92)
    return paths


def spots(size: tuple[int, int], count: int, seed: int = 0) -> list[Point]:
    """Places (x, y) all over a picture of (width, height), each far from the one before: no double clicks."""
    rng, found = np.random.default_rng(seed), list[Point]()
    while len(found) < count:
        x, y = (float(rng.integers(side // 10, side - side // 10)) for side in size)
        if not found or abs(x - found[-1][0]) + abs(y - found[-1][1]) > 60:
            found.append((x, y))
    return found


def megabytes(pid: int | None) -> float:
    """Resident memory of a process."""
    if pid is None:
        return 0.0
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
