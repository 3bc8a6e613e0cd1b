"""Tab on the canvas: Qt would move the focus with it before the canvas saw it."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

NAMES = {Qt.Key.Key_Tab: "propose", Qt.Key.Key_Backtab: "propose back"}
"""Key and the action it starts."""


class TabKeys(QObject):
    """Watches a canvas and starts actions by name; elsewhere Tab goes from field to field as ever."""

    def __init__(self, canvas: QWidget, start: Callable[[str], object], parent: QObject) -> None:
        super().__init__(parent)
        self._start = start
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Tab and Shift+Tab out."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            name = NAMES.get(Qt.Key(event.key()))
            if name is not None:
                self._start(name)
                return True
        return False
