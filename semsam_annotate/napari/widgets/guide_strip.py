"""The guide's step at the top of the dock: small, never in the way."""

from qtpy.QtCore import QEvent, QRect, Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from semsam_annotate.napari.canvas.colours import EDGE
from semsam_annotate.napari.canvas.keys import DEFAULTS, Bound, named_keys
from semsam_annotate.napari.state.guide import STEPS, Guide, Step
from semsam_annotate.napari.widgets.buttons import quiet_button

SIDE = 8
"""Pixels left and right of the text."""


class GuideStrip(QFrame):
    """Shows a guide, hidden while that is closed."""

    sample_wanted = Signal()
    """The person wants the sample photo."""

    def __init__(self, guide: Guide, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._guide = guide
        self._bound: Bound = DEFAULTS
        self.title, self.text = QLabel(), QLabel()
        self.sample = quiet_button("Open the sample photo", "A photo of an astronaut; without a project, in one to try")
        self.skip = quiet_button("Skip", "On to the next step")
        self.close_button = quiet_button("Close", "Close the guide; it does not come back by itself")
        self._lay_out()
        self.sample.clicked.connect(self.sample_wanted.emit)
        self.skip.clicked.connect(guide.skip)
        self.close_button.clicked.connect(guide.close)
        guide.changed.connect(self._show)
        self._show()

    def show_keys(self, bound: Bound) -> None:
        """Name these keys from now on."""
        self._bound = bound
        self._show()

    def _show(self) -> None:
        step, at = self._guide.step, self._guide.at
        self.setVisible(step is not None)
        if step is not None and at is not None:
            last = at + 1 == len(STEPS)
            self.title.setText("Guide: done" if last else f"Guide: step {at + 1} of {len(STEPS) - 1}")
            self.text.setText(self._said(step))
            self.sample.setVisible(step.deed == "open")
            self.skip.setVisible(not last)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width: other lines."""
        super().resizeEvent(event)
        self._make_room()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme or font: other lines."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._make_room()

    def _make_room(self) -> None:
        """Room for the longest step, so that nothing below moves from step to step."""
        metrics, room = self.text.fontMetrics(), QRect(0, 0, self.contentsRect().width() - 2 * SIDE, 1000)
        wrapped = (metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), self._said(step)) for step in STEPS)
        self.text.setMinimumHeight(max(words.height() for words in wrapped) + 4)

    def _said(self, step: Step) -> str:
        return step.says.format_map(named_keys(self._bound))

    def _lay_out(self) -> None:
        self.setObjectName("guide")
        self.setStyleSheet(f"#guide {{ border: 1px solid {EDGE}; border-radius: 4px }}")
        self.title.setStyleSheet("font-weight: bold")
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.setContentsMargins(SIDE, 6, SIDE, 6)
        row.addWidget(self.title, 1)
        for button in (self.skip, self.close_button):
            row.addWidget(button)
        layout.addLayout(row)
        layout.addWidget(self.text)
        layout.addWidget(self.sample)
