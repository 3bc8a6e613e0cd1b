"""Eyes and hands at a real window, and the window itself."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from napari import Viewer
from PIL import Image
from qtpy.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QTreeWidget
from skimage import data

from semsam_annotate.annotations import Project
from semsam_annotate.napari.engine.link import EngineChoice
from semsam_annotate.napari.widgets.dock import AnnotationDock
from semsam_annotate.napari.widgets.mask_tree import MaskTree
from semsam_annotate.napari.widgets.name_picker import NamePicker
from semsam_annotate.napari.window import open_window

SIZE = (1600, 1000)
PATCH, SUIT = (174.0, 385.0), (130.0, 300.0)
"""(x, y) in the astronaut: the mission's emblem, the suit."""
KEYS = {"Enter": Qt.Key.Key_Return, "[": Qt.Key.Key_BracketLeft, "]": Qt.Key.Key_BracketRight, "Z": Qt.Key.Key_Z}
KEYS |= {letter: getattr(Qt.Key, f"Key_{letter}") for letter in "CDEKNPRST123"}
KEYS |= {"Tab": Qt.Key.Key_Tab, "Backspace": Qt.Key.Key_Backspace, "PageUp": Qt.Key.Key_PageUp}


class Person:
    """Eyes and hands at a window: real pointer and key events through xdotool where it is, else Qt's own."""

    def __init__(self, viewer: Viewer, dock: AnnotationDock) -> None:
        self.viewer, self.dock = viewer, dock
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.encoded: list[str] = []
        if dock.annotator is not None:
            dock.annotator.worker.encoded.connect(self.encoded.append)
        self.by_xdotool = shutil.which("xdotool") is not None and QApplication.platformName() == "xcb"

    @property
    def session(self):
        return self.dock.annotator.session

    def wait(self, until: Callable[[], bool], seconds: float = 120.0) -> float:
        """Run the window until something holds; the seconds it took."""
        began = time.monotonic()
        while not until():
            assert time.monotonic() - began < seconds, f"waited in vain; the window says: {self.says()}"
            self.turn()
            time.sleep(0.002)
        return time.monotonic() - began

    @staticmethod
    def turn() -> None:
        """Let the window do what waits. Of QApplication, PySide's own drops a reference to None at every call."""
        QEventLoop().processEvents()

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
        self.turn()
        assert self.session.candidate.ladder is not None, self.says()
        took = time.monotonic() - began
        self.rest(0.5)  # or the next click nearby would be a double click
        return took

    def press(self, key: str, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.canvas.setFocus()
        QTest.keyClick(self.canvas, KEYS[key], held)
        self.turn()

    def paint(self, first: tuple[float, float], last: tuple[float, float]) -> None:
        """Drag the pointer from one pixel (x, y) of the image to another one, slowly enough for every event."""
        start, end = self.spot(first), self.spot(last)
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, pos=start)
        for step in range(1, 11):
            self._drag_over(start + (end - start) * step / 10)
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, pos=end)
        self.turn()

    def _drag_over(self, place: QPoint) -> None:
        """A move with the button held, which QTest's own moves are not."""
        where, left = QPointF(place), Qt.MouseButton.LeftButton
        glob = QPointF(self.canvas.mapToGlobal(place))
        QApplication.sendEvent(
            self.canvas,
            QMouseEvent(QEvent.Type.MouseMove, where, glob, left, left, Qt.KeyboardModifier.NoModifier),
        )
        self.turn()

    def tab(self, name: str) -> None:
        """Turn to a tab of the dock."""
        tabs = self.dock.tabs
        tabs.setCurrentIndex([tabs.tabText(place) for place in range(tabs.count())].index(name))
        self.rest(0.3)

    def name(self, object: str, part: str) -> None:
        """Type names into the choosers."""
        for picker, text in ((self.dock.panel.labels.object, object), (self.dock.panel.labels.part, part)):
            picker.edit.selectAll()
            QTest.keyClick(picker.edit, Qt.Key.Key_Delete)
            QTest.keyClicks(picker.edit, text)
            picker.edit.clearFocus()

    def point(self, tree: QTreeWidget, row: int) -> None:
        """Click on a line of a tree."""
        QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=self._place(tree, row))
        self.turn()

    def pick(self, picker: NamePicker, name: str) -> None:
        """Click on a name."""
        self.point(picker.list, [row.name for row in picker.rows()].index(name))

    def drag(self, tree: QTreeWidget, row: int, onto: int) -> None:
        """Drop a line of a tree on another one: the events that Qt sends while a mouse drags."""
        self.point(tree, row)
        place, data = self._place(tree, onto), tree.model().mimeData(tree.selectedIndexes())
        facts = (Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        for event in (
            QDragEnterEvent(place, *facts),
            QDragMoveEvent(place, *facts),
            QDropEvent(QPointF(place), *facts),
        ):
            QApplication.sendEvent(tree.viewport(), event)
        self.turn()

    @staticmethod
    def _place(tree: QTreeWidget, row: int) -> QPoint:
        flat = (tree.topLevelItem(place) for place in range(tree.topLevelItemCount()))
        item = (tree.items() if isinstance(tree, MaskTree) else list(flat))[row]
        tree.scrollToItem(item)
        return tree.visualItemRect(item).center()

    def work_while(self, action: Callable[[], object]) -> float:
        """The most work, in seconds of this thread's processor, between two of the window's timer during ``action``."""
        ticks, timer = [time.thread_time()], QTimer()
        timer.timeout.connect(lambda: ticks.append(time.thread_time()))
        timer.start(5)
        action()
        ticks.append(time.thread_time())
        timer.stop()
        return float(np.diff(ticks).max())

    def look(self, path: Path) -> None:
        picture = self.viewer.screenshot(canvas_only=False, flash=False)[..., :3]
        Image.fromarray(picture).save(path)


@contextmanager
def window(folder: Path, again: bool = False, further: int = 0) -> Iterator[Person]:
    """A window on the astronaut with the real engine as child process; ``again``: on the project as it was left.

    ``further``: photos behind it in the list, each a little further to the left.
    """
    photo, project = folder / "astronaut.png", folder / "project"
    if not again:
        Image.fromarray(data.astronaut()).save(photo)
        parts = {"face": ["person"], "suit": ["person"]}
        Project.create(project, objects=["person", "rocket", "flag"], parts=parts).close()
    manager = subprocess.Popen(["openbox"]) if shutil.which("openbox") else None
    photos = [photo, *(folder / f"astronaut-{number}.png" for number in range(1, further + 1))]
    for number, path in enumerate(photos[1:], 1):
        Image.fromarray(np.roll(data.astronaut(), -6 * number, axis=1)).save(path)
    viewer, dock = open_window([] if again else photos, project, EngineChoice())
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
