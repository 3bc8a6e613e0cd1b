"""A mask of a held-back photo before and after training, side by side."""

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPixmap
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from semsam_annotate.annotations.retraining.run import BeforeAfter

GAP, INSET = 4, 5
"""Pixels between the pictures; before the text, as napari's labels have it."""


class BeforeAfterView(QWidget):
    """One pair under a line with the name and both IoUs; as high as its width asks for."""

    def __init__(self, shown: BeforeAfter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = shown
        self._pictures = QPixmap(str(shown.before)), QPixmap(str(shown.after))
        self.caption = f"{shown.name}: before {100 * shown.old:.0f} %, after {100 * shown.new:.0f} %"
        self.setToolTip("The click, the best mask for it (blue), the true mask (black line); IoU of the two")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """For a narrow dock."""
        return QSize(280, self.heightForWidth(280))

    def heightForWidth(self, width: int) -> int:
        """The line and the higher picture."""
        return self._line + max(self._height(picture, self._half(width)) for picture in self._pictures)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line and both pictures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        metrics, half = painter.fontMetrics(), self._half(self.width())
        text = metrics.elidedText(self.caption, Qt.TextElideMode.ElideMiddle, self.width() - INSET)
        painter.drawText(INSET, metrics.ascent() + 2, text)
        for place, picture in enumerate(self._pictures):
            left = place * (half + GAP)
            painter.drawPixmap(QRect(left, self._line, half, self._height(picture, half)), picture)
        painter.end()

    @property
    def _line(self) -> int:
        return self.fontMetrics().lineSpacing() + 6

    @staticmethod
    def _half(width: int) -> int:
        return max((width - GAP) // 2, 1)

    @staticmethod
    def _height(picture: QPixmap, width: int) -> int:
        return 0 if picture.isNull() else round(picture.height() * width / picture.width())


class BeforeAfterList(QWidget):
    """Pairs below each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[BeforeAfter, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_pairs(self, pairs: tuple[BeforeAfter, ...]) -> None:
        """Show these; the same ones again change nothing."""
        if pairs == self._shown:
            return
        self._shown = pairs
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for pair in pairs:
            self._layout.addWidget(BeforeAfterView(pair))
