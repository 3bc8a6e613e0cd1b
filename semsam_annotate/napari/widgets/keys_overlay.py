"""Every key and mouse gesture, laid over the canvas while somebody looks them up."""

from html import escape

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from semsam_annotate.napari.canvas.colours import EDGE
from semsam_annotate.napari.canvas.keys import DEFAULTS, Bound, help_rows
from semsam_annotate.napari.widgets.buttons import quiet_button

MARGIN, COLUMN, WIDEST = 12, 330, 420
"""Pixels around it, and of the narrowest and the widest column."""

Rows = list[tuple[str, str]]


class KeysOverlay(QFrame):
    """Hidden until ``toggle``; Esc, a click on it, or its button hides it again."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._bound: Bound = DEFAULTS
        self.area = QScrollArea()
        self.close_button = quiet_button("Close", "Hide the keys  (Esc)")
        self._lay_out()
        self.close_button.clicked.connect(self.hide)
        self.hide()
        canvas.installEventFilter(self)

    def show_keys(self, bound: Bound) -> None:
        """Name these keys from now on."""
        self._bound = bound
        if self.isVisible():
            self._fit()

    def toggle(self) -> None:
        """Show, or hide."""
        if self.isHidden():
            self.setParent(self._canvas.window())  # a narrow canvas would hold half of a line
            self._fit()
            self.show()
            self.raise_()
        else:
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas; Esc on it hides this first."""
        if self.isVisible() and event.type() == QEvent.Type.Resize:
            self._fit()
        if self.isVisible() and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self.setHidden(event.key() == Qt.Key.Key_Escape)
            return self.isHidden()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hide; the click is none on the image."""
        event.accept()
        self.hide()

    def _fit(self) -> None:
        window = self._canvas.window()
        corner = self._canvas.mapTo(window, self._canvas.rect().topLeft())
        room = self._canvas.rect().translated(corner).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        columns = min(max(room.width() // COLUMN, 1), 3)
        width = min(max(room.width(), COLUMN), columns * WIDEST, window.width() - 2 * MARGIN)
        content = self._content(columns, width - 5 * MARGIN)
        height = content.height() + self.close_button.sizeHint().height() + 5 * MARGIN
        self.area.setWidget(content)  # which resizes it
        left = max(min(room.x(), window.width() - width - MARGIN), MARGIN)
        self.setGeometry(left, room.y(), width, min(height, room.height()))

    def _content(self, columns: int, width: int) -> QWidget:
        groups = [(title, rows) for title, rows in help_rows(self._bound).items() if rows]
        content = QWidget(self.area)  # whose font it has
        layout = QGridLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        for place, column in enumerate(balanced(groups, columns)):
            label = QLabel("".join(_table(title, rows) for title, rows in column))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.ensurePolished()
            layout.addWidget(label, 0, place, Qt.AlignmentFlag.AlignTop)
            layout.setColumnStretch(place, 1)
        labels = content.findChildren(QLabel)
        room = (width - layout.horizontalSpacing() * (len(labels) - 1)) // len(labels)
        content.resize(width, max(label.heightForWidth(room) for label in labels))
        return content

    def _lay_out(self) -> None:
        self.setObjectName("keys")
        self.setStyleSheet(f"#keys {{ border: 1px solid {EDGE}; border-radius: 4px }}")
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout, head = QVBoxLayout(self), QHBoxLayout()
        title = QLabel("Keys and mouse")
        title.setStyleSheet("font-weight: bold")
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.close_button)
        layout.addLayout(head)
        layout.addWidget(self.area, 1)


def balanced(groups: list[tuple[str, Rows]], columns: int) -> list[list[tuple[str, Rows]]]:
    """The groups in their order, in at most so many columns of about the same height."""
    total, found, filled = sum(_height(rows) for _, rows in groups), list[list[tuple[str, Rows]]](), 0
    for title, rows in groups:
        middle = filled + _height(rows) / 2
        place = min(int(middle * columns / total), columns - 1)
        while len(found) <= place:
            found.append([])
        found[place].append((title, rows))
        filled += _height(rows)
    return [column for column in found if column]


def _height(rows: Rows) -> int:
    return len(rows) + 2


def _table(title: str, rows: Rows) -> str:
    lines = "".join(
        f"<tr><td width='130' style='padding-right: 8px'><b>{escape(how)}</b></td><td>{escape(does)}</td></tr>"
        for how, does in rows
    )
    head = f"<p style='margin-bottom: 2px'><u>{escape(title)}</u></p>"
    return f"{head}<table cellspacing='0' cellpadding='2'>{lines}</table>"
