"""Touching up a mask: the button that begins it, then its tools."""

from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.touching import BRUSHES, TOOLS
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.widgets.buttons import KeyedButton, quiet_button


class TouchBox(QWidget):
    """Begins, and shows the tools while a mask is painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self.buttons = {name: KeyedButton(text, tip, name) for name, (text, tip) in _BUTTONS.items()}
        self.tools = {tool: quiet_button(tool.capitalize(), _TIPS[tool]) for tool in TOOLS}
        self.brush, self._size_text = QSlider(Qt.Orientation.Horizontal), QLabel("Brush size")
        self.brush.setRange(*BRUSHES)
        self.brush.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
        self.brush.setToolTip("Width of brush and eraser in pixels of the image  ([ and ])")
        self._lay_out()
        self._wire()
        self._show()

    def attach(self, annotator: Annotator) -> None:
        """Serve this annotator from now on."""
        self._annotator = annotator
        self._connections = Connections([(annotator.touch.changed, self._show)])
        self._show()

    def detach(self) -> None:
        """Serve it no more."""
        self._connections.release()
        self._annotator = None
        self._show()

    def _show(self) -> None:
        layer = None if self._annotator is None else self._annotator.touch_layer.layer
        self.buttons["touch up"].setVisible(layer is None)
        for widget in (self.buttons["accept"], self.buttons["drop"], *self.tools.values(), self.brush, self._size_text):
            widget.setVisible(layer is not None)
        if layer is not None:
            layer.events.mode.connect(self._show_tool)
            layer.events.brush_size.connect(self._show_tool)
            self._show_tool()

    def _show_tool(self, _: object = None) -> None:
        layer = None if self._annotator is None else self._annotator.touch_layer.layer
        if layer is not None:
            for tool, button in self.tools.items():
                button.setChecked(str(layer.mode) == TOOLS[tool])
            self.brush.blockSignals(True)
            self.brush.setValue(round(layer.brush_size))
            self.brush.blockSignals(False)

    def _wire(self) -> None:
        for name, button in self.buttons.items():
            button.clicked.connect(partial(self._start, name))
        for tool, choice in self.tools.items():
            choice.setCheckable(True)
            choice.clicked.connect(partial(self._use, tool))
        self.brush.valueChanged.connect(self._resize)

    def _start(self, name: str, _: bool = False) -> None:
        if self._annotator is not None:
            self._annotator.actions[name]()

    def _use(self, tool: str, _: bool = False) -> None:
        if self._annotator is not None:
            self._annotator.touch_layer.use(tool)
            self._show_tool()

    def _resize(self, size: int) -> None:
        if self._annotator is not None:
            self._annotator.touch_layer.brush(size)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.buttons["touch up"], 0, 0, 1, 4)
        for column, button in enumerate(self.tools.values()):
            grid.addWidget(button, 1, column)
        grid.addWidget(self._size_text, 2, 0)
        grid.addWidget(self.brush, 2, 1, 1, 3)
        grid.addWidget(self.buttons["accept"], 3, 0, 1, 2)
        grid.addWidget(self.buttons["drop"], 3, 2, 1, 2)


_BUTTONS = {
    "touch up": ("Touch up or draw  {key}", "Brush, eraser, fill, polygon; it is then a manual edit"),
    "accept": ("Keep  {key}", "Store it as a manual edit"),
    "drop": ("Leave  {key}", "Leave the mask as it was"),
}
_TIPS = {
    "brush": "Drag to add  (P)",
    "eraser": "Drag to take away  (E)",
    "fill": "Click to fill what lies together  (F)",
    "polygon": "Click corners, then the last one twice  (3)",
}
