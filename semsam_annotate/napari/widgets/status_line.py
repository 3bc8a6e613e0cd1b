"""What to do next, the last message, and what the engine is busy with."""

from typing import Any

from napari.utils import progress
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from semsam_annotate.napari.widgets.buttons import quiet_button
from semsam_annotate.napari.widgets.hints import WORK

PATIENCE_MS = 300
"""Work that takes less is not shown as work."""


class StatusLine(QWidget):
    """Three lines: next step, last message, and a busy bar with a stop button, whose room is kept free."""

    stopped = Signal()
    """The person wants the engine to stop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._activity: Any = None
        self._text = self._wanted = self._drawn = ""
        self._drawing = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PATIENCE_MS)
        self._soon.timeout.connect(self._show_busy)
        self.hint, self.message = _label(bold=True), _label(bold=False)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.work = QLabel()
        self.stop = quiet_button("Stop", "End what the engine is doing")
        self.stop.clicked.connect(self.stopped.emit)
        self._lay_out()
        self.show_work("idle")

    def say(self, message: str) -> None:
        """The last message, one or two lines."""
        self.message.setText(message)

    def show_work(self, state: str) -> None:
        """State of the engine worker, also as an activity of napari's status bar, once it lasts.

        Showing an activity takes napari a fifth of a second, longer than a click's answer.
        """
        self._text = WORK.get(state, state)
        if not self._text:
            self._soon.stop()
            self._show_busy()
        elif self.bar.isVisibleTo(self):
            self._show_busy()
        elif not self._soon.isActive():
            self._soon.start()

    def _show_busy(self) -> None:
        self.work.setText(self._text)
        for widget in (self.bar, self.work, self.stop):
            widget.setVisible(bool(self._text))
        self._show_activity(self._text)

    def close_activity(self) -> None:
        """Take the activity out of napari's status bar."""
        self._show_activity("")

    def _show_activity(self, text: str) -> None:
        """napari draws while it makes an activity, so another state may come in the middle of it."""
        self._wanted = text
        if self._drawing:
            return
        self._drawing = True
        while self._drawn != self._wanted:
            self._drawn = self._wanted
            self._draw_activity(self._drawn)
        self._drawing = False

    def _draw_activity(self, text: str) -> None:
        if text and self._activity is None:
            self._activity = progress(total=0, desc=text)
        elif text:
            self._activity.set_description(text)
        elif self._activity is not None:
            self._activity.close()
            self._activity = None

    def _lay_out(self) -> None:
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        busy = QWidget()
        busy.setFixedHeight(30)
        busy.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.work)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        for widget in (self.hint, self.message, busy):
            layout.addWidget(widget)


def _label(bold: bool) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setMinimumHeight(2 * label.fontMetrics().lineSpacing() + 4)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    if bold:
        label.setStyleSheet("font-weight: bold")
    return label
