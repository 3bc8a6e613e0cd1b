"""The accepted masks of the image as a tree of objects and their parts."""

from collections.abc import Sequence

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QDropEvent, QIcon, QPaintEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem, QWidget

from semsam_annotate.napari.widgets.empty_state import draw_empty_state
from semsam_annotate.napari.widgets.mask_rows import MaskRow, only_additions
from semsam_annotate.napari.widgets.name_picker import swatch

ID = Qt.ItemDataRole.UserRole


class MaskTree(QTreeWidget):
    """Shows branches and tells what a person does with them; it changes nothing itself."""

    selected = Signal(list)
    """Ids, in the order of the tree."""
    hung = Signal(list, object)
    """Ids of masks that were dragged, and of the one they were dropped on, or None."""
    shown = Signal(str, bool)
    """Id, and whether it is to be seen."""
    jumped = Signal(str)
    """Id that was double-clicked."""
    wanted = Signal(str)
    """A value of ``MENU``, for the selected masks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = False
        self._rows: dict[str, MaskRow] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._swatches: dict[str | None, QIcon] = {}
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setUniformRowHeights(True)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setToolTip("Drag a mask onto the object it is a part of; its box hides it; double-click goes there")
        self.itemSelectionChanged.connect(self._tell_selection)
        self.itemChanged.connect(self._tell_check)
        self.itemDoubleClicked.connect(lambda item, _: self.jumped.emit(_id(item)))
        self.customContextMenuRequested.connect(self._open_menu)

    def show_rows(self, rows: dict[str, MaskRow], selected: Sequence[str] = ()) -> None:
        """Show lines, by id and from the top down, and which are selected; what is there already is not made anew."""
        before, self._rows = self._rows, rows
        self._filling = True
        if not only_additions(before, rows):
            before = {}
            self._items.clear()
            self.clear()
        for row in rows.values():
            if before.get(row.id) != row:
                self._show_row(row)
        self._filling = False
        self.show_selection(selected)

    def show_selection(self, ids: Sequence[str]) -> None:
        """Select exactly these; the first one is brought into sight."""
        shown = {_id(item) for item in self.selectedItems()}
        self._filling = True
        for id in shown.symmetric_difference(ids):
            if id in self._items:
                self._items[id].setSelected(id in ids)
        if ids and ids[0] in self._items and ids[0] not in shown:
            self.scrollToItem(self._items[ids[0]])
        self._filling = False

    def items(self) -> list[QTreeWidgetItem]:
        """All of them, from the top down."""
        found: list[QTreeWidgetItem] = []
        waiting = [self.topLevelItem(row) for row in reversed(range(self.topLevelItemCount()))]
        while waiting:
            item = waiting.pop()
            if item is not None:
                found.append(item)
                waiting += [item.child(row) for row in reversed(range(item.childCount()))]
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        """The tree, or what it is for while it is empty."""
        super().paintEvent(event)
        draw_empty_state(self, "Accepted masks come here, parts under their objects")

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Tell who was dropped where; the tree follows when the store has done it."""
        if event is None:
            return
        target = self.itemAt(event.position().toPoint())
        on = self.dropIndicatorPosition() == QAbstractItemView.DropIndicatorPosition.OnItem
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        onto = _id(target) if target is not None and on else None
        self.hung.emit([_id(item) for item in self.items() if item.isSelected()], onto)

    def _show_row(self, row: MaskRow) -> None:
        """A new line, or other texts and marks of one that is there."""
        item = self._items.get(row.id)
        if item is None:
            item = self._items[row.id] = QTreeWidgetItem()
            item.setData(0, ID, row.id)
            parent = self._items.get(row.parent or "")
            (self.addTopLevelItem if parent is None else parent.addChild)(item)
            if parent is not None:
                parent.setExpanded(True)
        item.setText(0, row.text)
        item.setText(1, "locked" if row.locked else "")
        item.setIcon(0, self._swatch(row.colour))
        item.setCheckState(0, Qt.CheckState.Unchecked if row.hidden else Qt.CheckState.Checked)
        item.setToolTip(0, row.tip)

    def _swatch(self, colour: str | None) -> QIcon:
        if colour not in self._swatches:
            self._swatches[colour] = swatch(colour)
        return self._swatches[colour]

    def _tell_selection(self) -> None:
        if not self._filling:
            self.selected.emit([_id(item) for item in self.items() if item.isSelected()])

    def _tell_check(self, item: QTreeWidgetItem, column: int) -> None:
        if not self._filling and column == 0:
            self.shown.emit(_id(item), item.checkState(0) == Qt.CheckState.Checked)

    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        for text, wish in MENU.items():
            action = menu.addAction(text)
            if action is not None:
                action.triggered.connect(lambda _=False, wish=wish: self.wanted.emit(wish))
        if self.selectedItems():
            menu.exec(self.viewport().mapToGlobal(place))


MENU = {
    "Lock or unlock": "lock",
    "Merge into one": "merge",
    "Approve": "approve",
    "Ask for changes…": "ask for changes",
    "Take out of its object": "free",
    "Delete": "delete",
    "Delete with parts": "delete with parts",
}
"""Text in the menu and what it asks for."""

TIPS = {
    "lock": "A locked mask is not changed until it is unlocked",
    "merge": "The masks selected become the first of them",
    "free": "It stands on its own",
    "delete": "The masks selected; their parts stay",
    "delete with parts": "The masks selected, and all that lies under them",
    "approve": "A second look found the masks selected right",
    "ask for changes": "Say what their author is to change in the masks selected",
}
"""What a wish does."""


def _id(item: QTreeWidgetItem) -> str:
    return str(item.data(0, ID))
