"""One side of the labels: a line to type in, and below it names: what is typed, then the best guesses."""

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from qtpy.QtWidgets import (
    QApplication,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from semsam_annotate.napari.canvas.colours import EDGE
from semsam_annotate.napari.state.name_rows import NameRow, completion, name_rows, reason

NOTHING = "–"
SHOWN_ROWS = 6


class NamePicker(QWidget):
    """Shows a name and tells what a person types or picks.

    Enter takes the text as it is typed, a listed name or a new one. Another name that holds the text is taken only when
    a person goes there with Up and Down, clicks on it, or completes the text with Tab. Going on to another line is as
    Enter, though nothing is accepted by it.

    ``nothing``: what the empty name means.
    """

    chosen = Signal(str)
    """The name as it stands now, while it is typed too."""
    committed = Signal(str)
    """A name that was picked, or typed and entered."""
    entered = Signal()
    """Enter was pressed, after ``committed``."""

    def __init__(self, title: str, nothing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nothing, self._names, self._guesses = nothing, list[str](), list[tuple[str, float]]()
        self._alike: dict[str, int] = {}
        self._colours: dict[str, str] = {}
        self._letters: dict[str, str] = {}
        self._typed = ""
        self.edit, self.list = QLineEdit(), QTreeWidget()
        self._lay_out(title)
        self.edit.textEdited.connect(self._on_typed)
        self.edit.returnPressed.connect(self._enter)
        self.edit.installEventFilter(self)
        self.list.itemClicked.connect(lambda item, _: self._pick(str(item.data(0, Qt.ItemDataRole.UserRole))))

    def show_names(self, names: Sequence[str], colours: dict[str, str], letters: dict[str, str]) -> None:
        """The names to choose from."""
        if (list(names), colours, letters) != (self._names, self._colours, self._letters):
            self._names, self._colours, self._letters = list(names), colours, letters
            self._fill()

    def show_guesses(self, guesses: Sequence[tuple[str, float]], alike: Mapping[str, int] | None = None) -> None:
        """How likely the model finds names, and how many accepted masks speak for each."""
        if (list(guesses), dict(alike or {})) != (self._guesses, self._alike):
            self._guesses, self._alike = list(guesses), dict(alike or {})
            self._fill()

    def show_name(self, name: str) -> None:
        """The name chosen or guessed; a text being typed that leads to it stays."""
        if self._typed and self._current() == name:
            return
        if self._typed or self.edit.text() != name:
            self.edit.setText(name)
            self._typed = ""
            self._fill()
        self._mark(name)

    def rows(self) -> list[NameRow]:
        """The rows as they are listed."""
        listed = name_rows(self._names, self._guesses, self._typed, self._colours, self._letters, self._alike)
        return listed if self._typed.strip() else [NameRow("", probability=None), *listed]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """With the focus Up and Down move along the list and Tab completes; without it everything is listed again."""
        if watched is self.edit and event.type() == QEvent.Type.FocusOut and self._typed:
            self._leave()
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = Qt.Key(event.key())
            if key == Qt.Key.Key_Tab:
                return self._complete()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._step(1 if key == Qt.Key.Key_Down else -1)
                return True
        return super().eventFilter(watched, event)

    def _on_typed(self, text: str) -> None:
        self._typed = text
        self._fill()
        self._highlight(0)
        self.chosen.emit(self._current())

    def _complete(self) -> bool:
        """Type the rest of the first name that begins with the text; whether there is one, else Tab leaves the line."""
        name = completion(self.rows(), self._typed)
        if name is not None:
            self.edit.setText(name)
            self._on_typed(name)
        return name is not None

    def _enter(self) -> None:
        self._pick(self._current())
        self.entered.emit()

    def _pick(self, name: str) -> None:
        self.edit.clearFocus()
        self._typed = ""
        self.edit.setText(name)
        self._fill()
        self.chosen.emit(name)
        self.committed.emit(name)

    def _leave(self) -> None:
        """Who goes on to another line means what is typed, as in any form; a click elsewhere may come half-way."""
        if self._typed.strip() and isinstance(QApplication.focusWidget(), QLineEdit):
            self._pick(self._current())
        self._typed = ""
        self._fill()

    def _step(self, steps: int) -> None:
        row = self.list.currentIndex().row() + steps
        self._highlight(min(max(row, 0), self.list.topLevelItemCount() - 1))
        self.chosen.emit(self._current())

    def _highlight(self, row: int) -> None:
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)

    def _current(self) -> str:
        """The name highlighted; a name in the line that is not listed has no highlight."""
        items = self.list.selectedItems()
        return str(items[0].data(0, Qt.ItemDataRole.UserRole)) if items else self.edit.text().strip()

    def _fill(self) -> None:
        highlighted = self._current()
        self.list.clear()
        for row in self.rows():
            item = self._item(row)
            self.list.addTopLevelItem(item)
            item.setFirstColumnSpanned(not item.text(1))
        self._mark(highlighted if self._typed else self.edit.text())

    def _mark(self, name: str) -> None:
        """Highlight a name; one that is not listed: what is typed or, without that, nothing."""
        names = [row.name for row in self.rows()]
        if name in names:
            self._highlight(names.index(name))
        elif self._typed:
            self._highlight(0)
        else:
            self.list.clearSelection()

    def _item(self, row: NameRow) -> QTreeWidgetItem:
        guess = "" if row.probability is None else f"{row.probability:.0%}"
        text = f"new: {row.name}" if row.new else row.name or self._nothing
        item = QTreeWidgetItem([text, f"{guess} {row.letter}".strip()])
        item.setData(0, Qt.ItemDataRole.UserRole, row.name)
        item.setIcon(0, swatch(row.colour))
        item.setToolTip(0, self._tip(row))
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _tip(self, row: NameRow) -> str:
        lines = [f"a new name: {row.name}" if row.new else row.name or self._nothing]
        lines += [] if row.probability is None else [f"the model finds it {row.probability:.0%} likely"]
        lines += [] if not row.probability else [reason(row.name, {row.name: row.alike})]
        return "\n".join([*lines, *([f"{row.letter} accepts with it"] if row.letter else [])])

    def _lay_out(self, title: str) -> None:
        self.edit.setPlaceholderText(self._nothing)
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(0)
        self.list.setUniformRowHeights(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setFixedHeight(SHOWN_ROWS * (self.fontMetrics().lineSpacing() + 6))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for widget in (QLabel(title), self.edit, self.list):
            layout.addWidget(widget)


def swatch(colour: str | None, side: int = 12) -> QIcon:
    """A square of a colour with an edge that is seen on any list, an empty one without."""
    picture = QPixmap(side, side)
    picture.fill(QColor(EDGE) if colour else QColor(0, 0, 0, 0))
    if colour:
        painter = QPainter(picture)
        painter.fillRect(1, 1, side - 2, side - 2, QColor(colour))
        painter.end()
    return QIcon(picture)
