"""The button that exports says how far the export is, and asks it until it ends."""

from qtpy.QtCore import QTimer

from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.exporting import Exporting
from semsam_annotate.napari.widgets.buttons import KeyedButton

POLL_MS = 100


class ExportButton(KeyedButton):
    """Shows one export at a time."""

    def __init__(self, text: str, tip: str, action: str) -> None:
        super().__init__(text, tip, action)
        self._idle = text
        self._exporting: Exporting | None = None
        self._connections = Connections()
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    def attach(self, exporting: Exporting) -> None:
        """Show this one from now on."""
        self._exporting = exporting
        self._connections = Connections([(exporting.changed, self._show)])
        self._show()

    def detach(self) -> None:
        """Stop showing it."""
        self._connections.release()
        self._exporting = None
        self._show()

    def _poll(self) -> None:
        if self._exporting is not None:
            self._exporting.poll()
        self._show()

    def _show(self) -> None:
        exporting = self._exporting
        if exporting is not None and exporting.busy:
            self.setText(f"{self._idle}: {exporting.share:.0%}")
            if not self._timer.isActive():
                self._timer.start()
        else:
            self.setText(self._idle)
            self._timer.stop()
