"""Going through everything that was found in the image."""

from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.files.settings import read_preferences
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.widgets.buttons import KeyedButton, quiet_button


class ReviewBox(QWidget):
    """Buttons of the queue, and how far it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self.place = QLabel()
        self.buttons = {
            "propose": KeyedButton(
                "Propose  {key}", "Find everything in the image, then show it mask by mask", "propose"
            ),
            "reject": KeyedButton("Reject  {key}", "Never show this mask again", "reject"),
            "accept all": quiet_button("Accept all above", "Under the names the model finds likeliest, in one step"),
        }
        self.take = quiet_button("Take a layer's labels", "Accept every label of the active labels layer, in one step")
        self.least = QDoubleSpinBox()
        self.least.setRange(0.0, 1.0)
        self.least.setSingleStep(0.05)
        self.least.setValue(read_preferences().least_score)
        self.least.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.least.setToolTip("Least score: the IoU that the model expects")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for place, widget in enumerate((*self.buttons.values(), self.least)):
            layout.addWidget(widget, place // 2, place % 2)
        layout.addWidget(self.take, 2, 0, 1, 2)
        layout.addWidget(self.place, 3, 0, 1, 2)
        self.take.clicked.connect(lambda: self._do("take"))
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _=False, name=name: self._do(name))

    def attach(self, annotator: Annotator) -> None:
        """Show this annotator's queue from now on."""
        self._annotator = annotator
        self._connections = Connections([(annotator.review.changed, self._show)])
        self._show()

    def detach(self) -> None:
        """Stop showing it."""
        self._connections.release()
        self._annotator = None

    def _show(self) -> None:
        if self._annotator is not None:
            review = self._annotator.review
            count = len(review.items)
            self.place.setText(f"mask {review.at + 1} of {count}" if count else "")
            for name in ("reject", "accept all"):
                self.buttons[name].setEnabled(bool(count))

    def _do(self, name: str) -> None:
        annotator = self._annotator
        if annotator is not None:
            accept_all = partial(annotator.review.accept_above, self.least.value())
            annotator.run(annotator.actions.get(name, accept_all))
