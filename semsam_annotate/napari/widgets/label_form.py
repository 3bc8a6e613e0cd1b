"""Choosers of object, part and parent for the mask shown."""

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QCompleter, QFormLayout, QWidget

from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.session import AUTOMATIC


class LabelForm(QWidget):
    """Shows a choice and tells what a person changes; typing a new name is allowed and extends the vocabulary."""

    object_chosen = Signal(str)
    part_chosen = Signal(str)
    parent_chosen = Signal(object)
    """Id of an accepted mask, ``AUTOMATIC``, or None."""
    submitted = Signal()
    """Enter was pressed in a chooser."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.object_box = _name_chooser("unnamed object")
        self.part_box = _name_chooser("whole object")
        self.parent_box = QComboBox()
        self.parent_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, box in (("Object", self.object_box), ("Part", self.part_box), ("Part of", self.parent_box)):
            layout.addRow(title, box)
        self._wire(self.object_box, lambda: self.object_chosen.emit(self.object_box.currentText()))
        self._wire(self.part_box, lambda: self.part_chosen.emit(self.part_box.currentText()))
        self.parent_box.activated.connect(lambda row: self.parent_chosen.emit(self.parent_box.itemData(row)))
        self.show_masks([], AUTOMATIC, None)

    def show_names(self, objects: Sequence[str], parts: Sequence[str]) -> None:
        """The names to choose from, parts those of the object chosen; what is chosen stays."""
        for box, names in ((self.object_box, objects), (self.part_box, parts)):
            wanted = ["", *names]
            if [box.itemText(row) for row in range(box.count())] != wanted:
                chosen = box.currentText()
                box.clear()
                box.addItems(wanted)
                box.setCurrentText(chosen)

    def show_choice(self, choice: LabelChoice) -> None:
        """The names chosen or guessed."""
        for box, name in ((self.object_box, choice.object), (self.part_box, choice.part)):
            if box.currentText().strip() != name:
                box.setCurrentText(name)

    def show_masks(self, masks: Sequence[AcceptedMask], parent: str | None, proposed: AcceptedMask | None) -> None:
        """Accepted masks that a part may belong to, the parent chosen, and what automatic would take."""
        self.parent_box.clear()
        titles = {mask.id: f"{number}: {mask.title}" for number, mask in enumerate(masks, 1)}
        known = proposed is not None and parent == AUTOMATIC and proposed.id in titles
        automatic = f"mask around it ({titles[proposed.id]})" if known and proposed is not None else "mask around it"
        self.parent_box.addItem(automatic, AUTOMATIC)
        self.parent_box.addItem("none", None)
        for id, title in titles.items():
            self.parent_box.addItem(title, id)
        row = next((row for row in range(self.parent_box.count()) if self.parent_box.itemData(row) == parent), 0)
        self.parent_box.setCurrentIndex(row)

    def _wire(self, box: QComboBox, tell: Callable[[], None]) -> None:
        box.activated.connect(lambda _: tell())
        if (edit := box.lineEdit()) is not None:
            edit.textEdited.connect(lambda _: tell())
            edit.returnPressed.connect(lambda: self._submit(box))

    def _submit(self, box: QComboBox) -> None:
        box.clearFocus()
        self.submitted.emit()


def _name_chooser(placeholder: str) -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    if (edit := box.lineEdit()) is not None:
        edit.setPlaceholderText(placeholder)
    if (completer := box.completer()) is not None:
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    return box
