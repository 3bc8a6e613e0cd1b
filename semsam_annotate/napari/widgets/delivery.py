"""From the engine's thread to the window's, and from now to a moment later."""

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, QTimer, Signal, Slot

MOMENT_MS = 100
"""A click's answer is often there by then."""


class GuiDelivery(QObject):
    """Calls what other threads hand it on the thread it was made in, in order."""

    _handed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handed.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def __call__(self, action: Callable[[], None]) -> None:
        """Hand over ``action``; returns at once. Nothing happens once the window is gone."""
        try:
            self._handed.emit(action)
        except RuntimeError:  # the window's side was deleted while the engine still worked
            return

    @Slot(object)
    def _call(self, action: Callable[[], None]) -> None:
        action()


class Moment(QObject):
    """Calls the newest action handed to it a moment after the first one that waits."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._action: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(MOMENT_MS)
        self._timer.timeout.connect(self._call)

    def __call__(self, action: Callable[[], None]) -> None:
        """Hand over ``action``; returns at once."""
        self._action = action
        if not self._timer.isActive():
            self._timer.start()

    def _call(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()
