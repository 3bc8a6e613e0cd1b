"""Buttons that leave the keyboard to the canvas."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton


def quiet_button(text: str, tip: str = "") -> QPushButton:
    """A button that never takes the focus, so that keys go on to the canvas."""
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setToolTip(tip)
    return button
