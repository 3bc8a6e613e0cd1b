"""From the engine's thread to the window's."""

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal, Slot


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
