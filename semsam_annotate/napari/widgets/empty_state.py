"""A line in an empty list that says what to do."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QPainter
from qtpy.QtWidgets import QAbstractItemView

OPACITY = 0.8
"""Of the text, which is fainter than rows would be."""


def draw_empty_state(view: QAbstractItemView, text: str) -> None:
    """Write ``text`` in the middle of a view that has no rows; call it after the view has painted itself."""
    model = view.model()
    if model is not None and model.rowCount() == 0:
        painter = QPainter(view.viewport())
        painter.setOpacity(OPACITY)
        room = view.viewport().rect().adjusted(8, 8, -8, -8)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)
        painter.end()
