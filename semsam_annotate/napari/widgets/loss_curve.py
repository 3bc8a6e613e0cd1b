"""The losses of a training as a curve."""

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

CURVE = QColor("#3a7ae0")
"""Stands out on napari's dark and on its light background."""
SMOOTHED = 0.9
"""Share of the mean so far in the next one."""

INSET = 5
"""Pixels before the text, as napari's labels have it."""

Curve = Sequence[tuple[int, float]]


class LossCurve(QWidget):
    """Every step as a faint line, their running mean over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: Curve = ()
        self._steps = 0
        self.setMinimumHeight(96)

    def sizeHint(self) -> QSize:
        """Low and wide."""
        return QSize(280, 96)

    def show_curve(self, curve: Curve, steps: int) -> None:
        """Show (step, loss) pairs of a training of so many steps."""
        self._curve, self._steps = list(curve), steps
        last = f", now {smoothed(self._curve)[-1][1]:.2f}" if self._curve else ""
        self.setToolTip(f"Loss of every step, and its running mean{last}: lower is better")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it, with the largest and the smallest value beside it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(self._curve) >= 2:
            self._draw(painter)
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        mean = smoothed(self._curve)
        values = [value for _, value in (*self._curve, *mean)]
        low, high = min(values), max(values)
        line = painter.fontMetrics().lineSpacing()
        left = max(painter.fontMetrics().horizontalAdvance(f"{value:.2f}") for value in (low, high)) + INSET + 6
        room = QRectF(left, 4, self.width() - left - 4, self.height() - line - 8)
        painter.drawText(QPointF(INSET, room.top() + line - 4), f"{high:.2f}")
        painter.drawText(QPointF(INSET, room.bottom()), f"{low:.2f}")
        below = QRectF(room.left(), room.bottom() + 2, room.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "loss")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"step {self._curve[-1][0]} of {self._steps}")
        for curve, width, opacity in ((self._curve, 1.0, 0.45), (mean, 2.0, 1.0)):
            painter.setOpacity(opacity)
            painter.setPen(QPen(CURVE, width))
            painter.drawPolyline(QPolygonF([self._place(room, at, low, high) for at in curve]))

    def _place(self, room: QRectF, at: tuple[int, float], low: float, high: float) -> QPointF:
        across = at[0] / max(self._steps, at[0], 1)
        down = (high - at[1]) / (high - low) if high > low else 0.5
        return QPointF(room.left() + across * room.width(), room.top() + down * room.height())


def smoothed(curve: Curve) -> list[tuple[int, float]]:
    """The running mean: exponential, as if nothing had been before the first value."""
    found: list[tuple[int, float]] = []
    total = weight = 0.0
    for step, value in curve:
        total, weight = SMOOTHED * total + value, SMOOTHED * weight + 1
        found.append((step, total / weight))
    return found
