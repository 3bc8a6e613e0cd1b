"""The masks of a click: a line for words, the list, and a slider from part to whole."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSlider, QVBoxLayout, QWidget

from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.widgets.ladder_list import LadderList

STEPS = 100


class LadderBox(QWidget):
    """Shows a candidate; tells the rung or granularity wanted, and words to look for."""

    granularity_chosen = Signal(float)
    """From 0 (finest) to 1 (coarsest)."""
    described = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words, self.list, self.slider = QLineEdit(), LadderList(), QSlider(Qt.Orientation.Horizontal)
        self.words.setPlaceholderText('or type what to look for, such as "left wheel"')
        self.words.setClearButtonEnabled(True)
        self.slider.setRange(0, STEPS)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
        self.slider.setToolTip("From the finest mask at your click to the coarsest  ([ and ])")
        self._lay_out()
        self.words.returnPressed.connect(self._describe)
        self.slider.valueChanged.connect(lambda value: self.granularity_chosen.emit(value / STEPS))

    def show_candidate(self, candidate: Candidate) -> None:
        """The masks, and where the one shown lies between finest and coarsest."""
        self.list.show_candidate(candidate)
        self.slider.setEnabled(candidate.ladder is not None and len(candidate.ladder) > 1)
        if not self.slider.isSliderDown():  # while it is held it stays where the hand is
            self.slider.blockSignals(True)
            self.slider.setValue(round(candidate.granularity * STEPS))
            self.slider.blockSignals(False)

    def _describe(self) -> None:
        self.words.clearFocus()
        self.described.emit(self.words.text())

    def _lay_out(self) -> None:
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (QLabel("part"), self.slider, QLabel("whole")):
            row.addWidget(widget)
        layout.addWidget(self.words)
        layout.addWidget(self.list)
        layout.addLayout(row)
