"""Editing the picture by its masks: recolour, blur, remove, cut out, copy; every result is a layer of its own."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QComboBox, QGridLayout, QLabel, QProgressBar, QSlider, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.effects import Effects
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.effect_choice import EffectChoice
from semsam_annotate.napari.widgets.buttons import quiet_button
from semsam_annotate.napari.widgets.delivery import GuiDelivery

NOTHING = "Click on something, or select accepted masks: what is chosen can be changed here."
IMAGE = "the image"
STEPS = 100


class EffectsBox(QWidget):
    """Says what effects apply to, and starts them. The image itself is never changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.effects: Effects | None = None
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self._delivery = GuiDelivery(self)
        self.target = QLabel(NOTHING)
        self.target.setWordWrap(True)
        self.buttons = {kind: quiet_button(text, tip) for kind, (text, tip) in _BUTTONS.items()}
        self.source = QComboBox()
        self.swatch = quiet_button("", "Colour to recolour with")
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.bar = QProgressBar()
        self.halt = quiet_button("Stop", "Leave the picture as it is")
        self.take_away = quiet_button("Take last away", "Remove the newest layer of these from the picture")
        self.set_colour(QColor(*EffectChoice("recolour").colour))
        self._prepare()
        self._lay_out()
        self._show()

    @property
    def colour(self) -> tuple[int, int, int]:
        """Of recolouring, sRGB 0..255."""
        return self._colour.red(), self._colour.green(), self._colour.blue()

    def set_colour(self, colour: QColor) -> None:
        """Recolour with this one from now on."""
        self._colour = colour
        self.swatch.setStyleSheet(f"background-color: {colour.name()}")

    def attach(self, annotator: Annotator) -> None:
        """Change this annotator's picture from now on."""
        self._annotator, self.effects = annotator, Effects(annotator, self._delivery)
        self._connections = Connections(
            [(self.effects.changed, self._show), (self.effects.progressed, self._show_progress)]
        )
        self._show()

    def detach(self) -> None:
        """Stop what is computed; the layers stay."""
        self._connections.release()
        if self.effects is not None:
            self.effects.release()
        self._annotator = self.effects = None
        self._show()

    def _prepare(self) -> None:
        self.strength.setRange(0, STEPS)
        self.strength.setValue(STEPS)
        self.strength.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
        self.strength.setToolTip("How much is recoloured or blurred")
        self.source.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.source.setToolTip("The next effect changes what this one made; choosing its layer does the same")
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.source.activated.connect(self._start_from)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        for widget in (self.bar, self.halt):  # their room is kept free, so that nothing moves under the pointer
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
        for kind, button in self.buttons.items():
            button.clicked.connect(lambda _=False, kind=kind: self._start(kind))
        self.swatch.clicked.connect(self._choose_colour)
        self.halt.clicked.connect(self._stop)
        self.take_away.clicked.connect(self._take_away)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for column in range(3):
            grid.setColumnStretch(column, 1)
        grid.addWidget(self.target, 0, 0, 1, 3)
        grid.addWidget(QLabel("Starts from"), 1, 0)
        grid.addWidget(self.source, 1, 1, 1, 2)
        for place, widget in enumerate((self.buttons["recolour"], self.swatch, self.buttons["blur"])):
            grid.addWidget(widget, 2, place)
        grid.addWidget(QLabel("Strength"), 3, 0)
        grid.addWidget(self.strength, 3, 1, 1, 2)
        for place, kind in enumerate(("remove", "cut out", "copy")):
            grid.addWidget(self.buttons[kind], 4, place)
        grid.addWidget(self.take_away, 5, 0)
        grid.addWidget(self.bar, 5, 1)
        grid.addWidget(self.halt, 5, 2)
        grid.setRowStretch(6, 1)

    def _show(self) -> None:
        title = None if self.effects is None else self.effects.title
        busy = self.effects is not None and self.effects.busy
        self.target.setText(NOTHING if title is None else f"Changes: {title}")
        self._show_sources()
        for button in self.buttons.values():
            button.setEnabled(title is not None)
        self.take_away.setEnabled(self.effects is not None and self.effects.count > 0)
        if busy and self.bar.isHidden():
            self.bar.setRange(0, 0)  # until a share is known
        for widget in (self.bar, self.halt):
            widget.setVisible(busy)

    def _show_sources(self) -> None:
        sources = [] if self.effects is None else self.effects.sources
        names = [IMAGE, *(layer.name for layer in sources)]
        if names != [self.source.itemText(row) for row in range(self.source.count())]:
            self.source.clear()
            self.source.addItems(names)
        chosen = None if self.effects is None else self.effects.source
        self.source.setCurrentIndex(0 if chosen is None else sources.index(chosen) + 1)

    def _start_from(self, row: int) -> None:
        if self.effects is not None:
            self.effects.start_from(None if row == 0 else self.effects.sources[row - 1])

    def _show_progress(self, share: float) -> None:
        self.bar.setRange(0, STEPS)
        self.bar.setValue(round(STEPS * share))

    def _start(self, kind: str) -> None:
        annotator, effects = self._annotator, self.effects
        if annotator is not None and effects is not None:
            choice = EffectChoice(kind, self.colour, self.strength.value() / STEPS)
            annotator.run(lambda: effects.start(choice))

    def _stop(self) -> None:
        if self.effects is not None:
            self.effects.stop()

    def _take_away(self) -> None:
        if self.effects is not None:
            self.effects.take_away()

    def _choose_colour(self) -> None:
        chosen = QColorDialog.getColor(self._colour, self, "Recolour with")
        if chosen.isValid():
            self.set_colour(chosen)


_BUTTONS = {
    "recolour": ("Recolour", "Give it the hue of the colour beside; light and shade stay"),
    "blur": ("Blur", "Blur it, by its own size; what lies around it does not bleed in"),
    "remove": ("Remove", "Fill its place smoothly from what lies around it"),
    "cut out": ("Cut out", "It alone on a transparent picture as large as this one; hide the image to see it"),
    "copy": ("Copy", "It alone, as large as it is: a layer to move with napari's transform tool"),
}
