"""The images to go through, how far each is, and how far all are."""

from functools import partial

from qtpy.QtCore import QModelIndex
from qtpy.QtGui import QPaintEvent, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHeaderView,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.widgets.buttons import KeyedButton
from semsam_annotate.napari.widgets.empty_state import draw_empty_state
from semsam_annotate.napari.widgets.image_model import SIGNS, ImageModel, StateFilter


class ImageTab(QWidget):
    """Shows an annotator's image list; a double-click opens an image."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self.model = ImageModel(self)
        self.rows = StateFilter(self.model, self)
        self.table, self.states, self.progress = ImageTable(), QComboBox(), QProgressBar()
        self.table.setModel(self.rows)
        self.states.addItem("all images", "")
        for state in SIGNS:
            self.states.addItem(f"{SIGNS[state]} {state}", state)
        self.buttons = {name: KeyedButton(text, tip, name) for name, (text, tip) in _BUTTONS.items()}
        self._lay_out()
        self.table.doubleClicked.connect(self._open)
        self.states.currentIndexChanged.connect(lambda: self.rows.show_state(str(self.states.currentData())))
        for name, button in self.buttons.items():
            button.clicked.connect(partial(self._start, name))
        self._show()

    def attach(self, annotator: Annotator) -> None:
        """Show this annotator's list from now on."""
        self._annotator, images = annotator, annotator.images
        self.model.show(images)
        changes = (images.changed, images.row_changed, annotator.session.picture_changed)
        self._connections = Connections((signal, self._show) for signal in changes)
        self._show()

    def detach(self) -> None:
        """Stop showing it."""
        self._connections.release()
        self._annotator = None
        self.model.show(None)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks: show what others did since."""
        super().showEvent(event)
        if self._annotator is not None:
            self._annotator.images.refresh()

    def _show(self, _: object = None) -> None:
        images = None if self._annotator is None else self._annotator.images
        count = 0 if images is None else len(images.rows)
        self.progress.setRange(0, max(count, 1))
        self.progress.setValue(0 if images is None else images.settled)
        self.progress.setFormat(f"{0 if images is None else images.settled} of {count} done or skipped")
        for button in self.buttons.values():
            button.setEnabled(images is not None and images.here is not None)
        if images is not None and images.here is not None:
            index = self.rows.mapFromSource(self.model.index(images.here, 0))
            self.table.selectRow(index.row())
            self.table.scrollTo(index)

    def _open(self, index: QModelIndex) -> None:
        annotator, place = self._annotator, self.rows.mapToSource(index).row()
        if annotator is not None:
            annotator.run(partial(annotator.turn_to, place))

    def _start(self, name: str, _: bool = False) -> None:
        if self._annotator is not None:
            self._annotator.actions[name]()

    def _lay_out(self) -> None:
        layout, grid = QVBoxLayout(self), QGridLayout()
        layout.setContentsMargins(0, 4, 0, 0)
        for widget in (self.progress, self.states, self.table):
            layout.addWidget(widget)
        layout.addLayout(grid)
        for place, button in enumerate(self.buttons.values()):
            grid.addWidget(button, place // 2, place % 2)


class ImageTable(QTableView):
    """One line an image."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setStretchLastSection(False)

    def setModel(self, model: object) -> None:
        """The name takes the room that the other columns leave."""
        super().setModel(model)  # type: ignore[arg-type]
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The table, or what to do while there is none."""
        super().paintEvent(event)
        draw_empty_state(self, "No list of images: open a project that has some, or start semsam annotate IMAGE…")


_BUTTONS = {
    "done": ("Done  {key}", "This image is finished; the next open one comes, the most useful where images are ranked"),
    "skip": (
        "Skip  {key}",
        "This image is not to be annotated; the next open one comes, the most useful where images are ranked",
    ),
    "reopen": ("Open again", "This image is not finished after all"),
    "most useful": (
        "Useful  {key}",
        "One without accepted masks, else the one whose masks were found hardest",
    ),
}
