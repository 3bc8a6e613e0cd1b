"""Buttons that leave the keyboard to the canvas, and say which key does the same."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QWidget

from semsam_annotate.napari.canvas.keys import DEFAULTS, Bound, key_of


def quiet_button(text: str, tip: str = "") -> QPushButton:
    """A button that never takes the focus, so that keys go on to the canvas."""
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setToolTip(tip)
    return button


class KeyedButton(QPushButton):
    """A quiet button of an action that has a key: the tooltip names it, and the text too if it holds "{key}"."""

    def __init__(self, text: str, tip: str, action: str) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.action, self._text, self._tip = action, text, tip
        self.show_key(DEFAULTS)

    def show_key(self, bound: Bound) -> None:
        """Name this key from now on."""
        key = key_of(self.action, bound)
        self.setText(self._text.replace("{key}", f"({key})" if key else "").strip())
        self.setToolTip(f"{self._tip}  ({key})" if key else self._tip)


def show_keys(parent: QWidget, bound: Bound) -> None:
    """All buttons below ``parent`` name these keys."""
    for button in parent.findChildren(KeyedButton):
        button.show_key(bound)
