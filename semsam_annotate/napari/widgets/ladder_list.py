"""The ladder as a table: one row per mask, the largest on top, as the wheel turns."""

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPaintEvent, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from semsam_annotate.api import Ladder, Proposal, RgbImage
from semsam_annotate.api.proposal import Labels
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.thumbnails import thumbnail
from semsam_annotate.napari.widgets.empty_state import draw_empty_state

COLUMNS = ("mask", "level", "score", "object", "part")
NUMBERS = (1, 2)
"""Columns in the middle, so that the level is not read as part of the mask's number."""
ROWS = 6
CHOSEN = "#a66300"
"""The mask's orange, so dark that white is read on it."""
PICTURE = (30, 40)
"""Height and width of a mask's picture, pixels."""


class LadderList(QTableWidget):
    """Shows a candidate's ladder; a click on a row asks for that rung."""

    rung_clicked = Signal(int)
    """Index in the ladder, 0 the smallest mask."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._ladder: Ladder | None = None
        self._rgb: RgbImage | None = None
        self.setHorizontalHeaderLabels([name.capitalize() for name in COLUMNS])
        self.verticalHeader().hide()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
        self.setShowGrid(False)
        self.setStyleSheet(f"QTableWidget::item:selected {{ background: {CHOSEN}; color: white }}")
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column in (0, 1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.cellClicked.connect(lambda row, _: self.rung_clicked.emit(self.rowCount() - 1 - row))
        self._fit_height()

    def show_picture(self, picture: Picture | None) -> None:
        """The photo that the masks' pictures are cut from."""
        self._rgb = None if picture is None else picture.rgb

    def show_candidate(self, candidate: Candidate) -> None:
        """Fill the table, or only move the selection when the ladder is the one shown."""
        if candidate.ladder is not self._ladder:
            self._ladder = candidate.ladder
            self._fill()
        if candidate.ladder is not None:
            self.selectRow(self.rowCount() - 1 - candidate.rung)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The table, or what to do while there is none."""
        super().paintEvent(event)
        draw_empty_state(self, "Click on something in the image, or press Tab to see everything that is found in it")

    def row_texts(self, row: int) -> list[str]:
        """The texts of a row."""
        items = (self.item(row, column) for column in range(len(COLUMNS)))
        return ["" if item is None else item.text() for item in items]

    def _fill(self) -> None:
        proposals = [] if self._ladder is None else list(self._ladder)[::-1]
        self.setRowCount(len(proposals))
        for row, proposal in enumerate(proposals):
            for column, text in enumerate((str(row + 1), *cells(proposal))):
                item = QTableWidgetItem(text)
                if column in NUMBERS:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(f"{tooltip(proposal)}\n{row + 1} chooses it")
                self.setItem(row, column, item)
            self._draw(row, proposal)

    def _draw(self, row: int, proposal: Proposal) -> None:
        item = self.item(row, 0)
        if item is not None and self._rgb is not None and proposal.mask.shape == self._rgb.shape[:2]:
            small = thumbnail(self._rgb, proposal.mask, proposal.box, PICTURE)
            picture = QImage(small.data, PICTURE[1], PICTURE[0], 3 * PICTURE[1], QImage.Format.Format_RGB888)
            item.setIcon(QIcon(QPixmap.fromImage(picture)))

    def _fit_height(self) -> None:
        height = PICTURE[0] + 2
        self.setIconSize(QSize(PICTURE[1], PICTURE[0]))
        self.verticalHeader().setDefaultSectionSize(height)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + ROWS * height + 2 * self.frameWidth() + 16)


def cells(proposal: Proposal) -> tuple[str, str, str, str]:
    """Level, score, object guess, part guess; "–" for a side without a guess. How sure it is stands in the tooltip."""
    return (
        str(proposal.level),
        f"{proposal.score:.2f}",
        _guess(proposal.object_labels),
        _guess(proposal.part_labels) if proposal.part_probability >= 0.5 else "–",
    )


def tooltip(proposal: Proposal) -> str:
    """The three best guesses of either side, the chance of a part, the area."""
    return "\n".join(
        [
            f"{proposal.area:,} pixels, stability {proposal.stability:.2f}",
            f"a part: {proposal.part_probability:.0%}",
            f"object: {', '.join(_percent(label) for label in proposal.object_labels[:3]) or 'no guess'}",
            f"part: {', '.join(_percent(label) for label in proposal.part_labels[:3]) or 'no guess'}",
        ]
    )


def _guess(labels: Labels | list[tuple[str, float]]) -> str:
    return labels[0][0] if labels else "–"


def _percent(label: tuple[str, float]) -> str:
    return f"{label[0]} {label[1]:.0%}"
