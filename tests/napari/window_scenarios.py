"""What a person does in a real window, run by test_window.py in a process of its own: python … SCENARIO FOLDER.

A process of its own, because torch must not come into one in which napari has drawn, and to see that it does not.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from napari import Viewer
from PIL import Image
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from skimage import data

from semsam_annotate.annotations import Annotation, AnnotationStore, Project
from semsam_annotate.napari.canvas.layers import drawn_mask
from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.widgets.dock import AnnotationDock
from semsam_annotate.napari.window import open_window

SIZE = (1600, 1000)
PATCH, SUIT = (174.0, 385.0), (130.0, 300.0)
"""(x, y) in the astronaut: the mission's emblem, the suit."""
KEYS = {"Enter": Qt.Key.Key_Return, "[": Qt.Key.Key_BracketLeft, "]": Qt.Key.Key_BracketRight, "Z": Qt.Key.Key_Z}
KEYS |= {"E": Qt.Key.Key_E}


class Person:
    """Eyes and hands at a window: real pointer and key events through xdotool where it is, else Qt's own."""

    def __init__(self, viewer: Viewer, dock: AnnotationDock) -> None:
        self.viewer, self.dock = viewer, dock
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.by_xdotool = shutil.which("xdotool") is not None and QApplication.platformName() == "xcb"

    @property
    def session(self):
        return self.dock.annotator.session

    def wait(self, until: Callable[[], bool], seconds: float = 120.0) -> float:
        """Run the window until something holds; the seconds it took."""
        began = time.monotonic()
        while not until():
            assert time.monotonic() - began < seconds, f"waited in vain; the window says: {self.says()}"
            QApplication.processEvents()
            time.sleep(0.002)
        return time.monotonic() - began

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end)

    def says(self) -> str:
        return f"{self.dock.status.hint.text()} / {self.dock.status.message.text()} / {self.dock.status.work.text()}"

    def spot(self, point: tuple[float, float]) -> QPoint:
        """Where pixel (x, y) of the image is drawn on the canvas."""
        canvas, image = self.viewer.window._qt_viewer.canvas, self.dock.annotator.image
        row, column = image.data_to_world(point[::-1])
        x, y = canvas.view.scene.transform.map([column, row])[:2]
        return QPoint(round(x), round(y))

    def click(self, point: tuple[float, float], key: str | None = None) -> float:
        """Click on a pixel of the image and wait for its masks; the seconds until they are drawn."""
        spot, ticket = self.spot(point), self.session.ticket
        if self.by_xdotool:
            place = self.canvas.mapToGlobal(spot)
            hold = [] if key is None else ["keydown", key]
            free = [] if key is None else ["keyup", key]
            move = ["mousemove", "--sync", str(place.x()), str(place.y())]
            subprocess.Popen(["xdotool", *move, *hold, "click", "1", *free]).wait(20)
        else:
            held = {None: Qt.KeyboardModifier.NoModifier, "shift": Qt.KeyboardModifier.ShiftModifier}[key]
            QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, held, spot)
        began = time.monotonic()
        self.wait(lambda: self.session.ticket != ticket, 20)
        self.wait(lambda: not self.session.waiting)
        QApplication.processEvents()
        assert self.session.candidate.ladder is not None, self.says()
        took = time.monotonic() - began
        self.rest(0.5)  # or the next click nearby would be a double click
        return took

    def press(self, key: str, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.canvas.setFocus()
        QTest.keyClick(self.canvas, KEYS[key], held)
        QApplication.processEvents()

    def name(self, object: str, part: str) -> None:
        """Type names into the choosers."""
        for box, text in ((self.dock.panel.labels.object_box, object), (self.dock.panel.labels.part_box, part)):
            box.lineEdit().selectAll()
            QTest.keyClick(box.lineEdit(), Qt.Key.Key_Delete)
            QTest.keyClicks(box.lineEdit(), text)
            if box.completer().popup().isVisible():  # an open list would swallow the next click
                QTest.keyClick(box.completer().popup(), Qt.Key.Key_Escape)
            box.clearFocus()

    def gap_while(self, action: Callable[[], object]) -> float:
        """The longest time, in seconds, that the window did not come round to its timer during ``action``."""
        ticks, timer = [time.monotonic()], QTimer()
        timer.timeout.connect(lambda: ticks.append(time.monotonic()))
        timer.start(5)
        action()
        ticks.append(time.monotonic())
        timer.stop()
        return float(np.diff(ticks).max())

    def look(self, path: Path) -> None:
        picture = self.viewer.screenshot(canvas_only=False, flash=False)[..., :3]
        Image.fromarray(picture).save(path)


@contextmanager
def window(folder: Path) -> Iterator[Person]:
    """A window on the astronaut with the real engine as child process."""
    photo, project = folder / "astronaut.png", folder / "project"
    Image.fromarray(data.astronaut()).save(photo)
    Project.create(
        project, objects=["person", "rocket", "flag"], parts={"face": ["person"], "suit": ["person"]}
    ).close()
    manager = subprocess.Popen(["openbox"]) if shutil.which("openbox") else None
    viewer, dock = open_window([photo], project, EngineChoice())
    viewer.window.resize(*SIZE)
    try:
        person = Person(viewer, dock)
        person.rest(0.5)
        viewer.reset_view()
        yield person
    finally:
        dock.shut_down()
        viewer.close()
        if manager is not None:
            manager.terminate()
            manager.wait()
    assert not [name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision", "triton")]


def stored(folder: Path, status: str | None = "accepted") -> list[Annotation]:
    """What is on disk, read by a store of its own."""
    with AnnotationStore.open(folder / "project" / "annotations.sqlite") as store:
        return store.annotations(status)


def ready(person: Person) -> None:
    """Wait until the engine has read the image."""
    person.wait(lambda: bool(person.dock.status.work.text()), 20)
    person.wait(lambda: not person.dock.status.work.text(), 240)


def annotate(folder: Path) -> dict[str, float]:
    """The whole job: click, move, name, accept, export, take back."""
    with window(folder) as person:
        began = time.monotonic()
        gap = person.gap_while(lambda: ready(person))
        reading = time.monotonic() - began
        person.click(SUIT)
        person.session.show_rung(5)
        person.name("person", "")
        person.press("Enter")
        latencies = [person.click((PATCH[0] + step, PATCH[1])) for step in (16, -16, 8, -8, 0)]
        ladder = person.session.candidate.ladder
        rung = person.session.candidate.rung
        pressed = time.monotonic()
        person.press("]" if rung + 1 < len(ladder) else "[")
        to_draw = time.monotonic() - pressed
        assert len(ladder) == 1 or person.session.candidate.rung != rung
        assert person.dock.panel.ladder.rowCount() == len(ladder)
        person.name("person", "suit")
        person.rest(0.3)
        person.look(folder / "napari.png")
        drawn, chosen = drawn_mask(person.dock.annotator.layers.candidate), person.session.candidate.proposal
        assert drawn.any()
        assert np.array_equal(drawn, chosen.mask)
        column, row = (round(value) for value in person.session.candidate.clicks[0].point)
        assert abs(column - PATCH[0]) <= 1
        assert abs(row - PATCH[1]) <= 1
        person.press("Enter")
        whole, record = stored(folder)
        assert (whole.object, whole.part, whole.kind) == ("person", None, "object")
        assert record.mask == chosen.rle
        assert (record.object, record.part, record.level) == ("person", "suit", chosen.level)
        person.press("E", Qt.KeyboardModifier.ControlModifier)
        assert {"coco.json", "parts.json"} <= {path.name for path in (folder / "project").iterdir()}
        person.press("Z", Qt.KeyboardModifier.ControlModifier)
        assert [other.id for other in stored(folder)] == [whole.id]
        assert [other.status for other in stored(folder, None)] == ["accepted", "deleted"]
        times = {"gap_while_encoding_s": gap, "start_and_encode_s": reading, "key_to_drawn_s": to_draw}
        return {**times, "click_to_drawn_s": float(np.median(latencies))}


def crash(folder: Path) -> dict[str, float]:
    """The engine is killed between clicks and in the middle of reading the image; nothing accepted is lost."""
    with window(folder) as person:
        link = person.dock.annotator.worker.link
        person.wait(lambda: link.pid is not None, 60)
        person.wait(lambda: person.dock.status.work.text().startswith("Reading"), 240)
        os.kill(link.pid, signal.SIGKILL)
        person.click(PATCH)
        person.press("Enter")
        assert len(stored(folder)) == 1
        os.kill(link.pid, signal.SIGKILL)
        again = person.click(SUIT)
        person.press("Enter")
        assert len(stored(folder)) == 2
        person.dock.status.stop.click()
        person.click(PATCH)
        child = person.dock.annotator.worker.link.pid
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < end, "the engine's process outlives the window"
        time.sleep(0.05)
    return {"click_after_crash_s": again}


if __name__ == "__main__":
    print(json.dumps({"annotate": annotate, "crash": crash}[sys.argv[1]](Path(sys.argv[2]))))
