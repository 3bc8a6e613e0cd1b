"""The rows of an image list for Qt, and which of them are shown."""

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from semsam_annotate.annotations.image_states import ImageProgress
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.image_list import ImageList

SIGNS = {"new": "○", "in work": "◐", "done": "●", "skipped": "–"}
"""Told apart by shape, not by colour."""
HEADERS = ("Image", "Masks", "State")
Index = QModelIndex | QPersistentModelIndex


class ImageModel(QAbstractTableModel):
    """An image list as a table; follows it until ``show`` gets another one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images: ImageList | None = None
        self._connections = Connections()

    def show(self, images: ImageList | None) -> None:
        """Show this list from now on."""
        self._connections.release()
        self._images = images
        if images is not None:
            self._connections = Connections([(images.changed, self._reset), (images.row_changed, self._tell)])
        self._reset()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        """One row an image."""
        return 0 if self._images is None or parent.isValid() else len(self._images.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        """``HEADERS``."""
        return 0 if parent.isValid() else len(HEADERS)

    def row(self, place: int) -> ImageProgress | None:
        """The image in a place of the list."""
        return None if self._images is None or not 0 <= place < len(self._images.rows) else self._images.rows[place]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts and tooltips."""
        row = self.row(index.row())
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (row.path.name, str(row.accepted or ""), f"{SIGNS[row.state]} {row.state}")[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(row.path)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """``HEADERS``."""
        shown = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return HEADERS[section] if shown else None

    def _reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _tell(self, place: int) -> None:
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(HEADERS) - 1))


class StateFilter(QSortFilterProxyModel):
    """Leaves images in one state, or all of them."""

    def __init__(self, model: ImageModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model, self._state = model, ""
        self.setSourceModel(model)
        self.setDynamicSortFilter(True)

    def show_state(self, state: str) -> None:
        """Only images in this state; all with the empty one."""
        self._state = state
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Whether an image is shown."""
        row = self._model.row(source_row)
        return row is not None and self._state in ("", row.state)
