"""Tab on the canvas: Qt would move the focus with it before the canvas saw it."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

NAMES = {Qt.Key.Key_Tab: "Tab", Qt.Key.Key_Backtab: "Shift+Tab"}
"""Key and how napari writes it."""


class TabKeys(QObject):
    """Watches a canvas and hands on its Tab keys; elsewhere Tab goes from field to field as ever.

    ``press``: starts what a key is bound to; whether there is anything.
    """

    def __init__(self, canvas: QWidget, press: Callable[[str], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._press = press
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Tab and Shift+Tab out."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            name = NAMES.get(Qt.Key(event.key()))
            return name is not None and self._press(name)
        return False
