"""Carrying masks over to other planes or images: the buttons, and how far it is."""

from functools import partial

from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.widgets.buttons import KeyedButton


class CarryBox(QWidget):
    """Starts and stops it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self.place = QLabel()
        self.buttons = {name: KeyedButton(text, tip, name) for name, (text, tip) in _BUTTONS.items()}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for place, button in enumerate(self.buttons.values()):
            grid.addWidget(button, place // 2, place % 2)
        grid.addWidget(self.place, 2, 0, 1, 2)
        for name, button in self.buttons.items():
            button.clicked.connect(partial(self._start, name))

    def attach(self, annotator: Annotator) -> None:
        """Serve this annotator from now on."""
        self._annotator = annotator
        signals = (annotator.carrying.changed, annotator.session.accepted_changed)
        self._connections = Connections((signal, self._show) for signal in signals)
        self._show()

    def detach(self) -> None:
        """Serve it no more."""
        self._connections.release()
        self._annotator = None

    def _show(self, _: object = None) -> None:
        if self._annotator is not None:
            carrying, session = self._annotator.carrying, self._annotator.session
            for name, button in self.buttons.items():
                able = carrying.running if name == "carry stop" else not carrying.running and bool(session.accepted)
                button.setEnabled(able)
            frames = f"{carrying.frames} frame{'' if carrying.frames == 1 else 's'} so far" if carrying.running else ""
            self.place.setText(frames)

    def _start(self, name: str, _: bool = False) -> None:
        if self._annotator is not None:
            self._annotator.actions[name]()


_WHICH = "the selected masks, else all; a mask corrected by hand stays and goes on from there"
_BUTTONS = {
    "carry": ("Next  {key}", f"One plane or image onwards: {_WHICH}"),
    "carry on": ("Onwards  {key}", f"Plane by plane until one is in doubt: {_WHICH}"),
    "carry back": ("Backwards", f"Plane by plane backwards until one is in doubt: {_WHICH}"),
    "carry stop": ("Stop", "What was carried over so far is stored"),
}
