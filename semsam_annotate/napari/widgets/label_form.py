"""Choosers of object, part and parent for the mask shown or selected."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QWidget

from semsam_annotate.api import Proposal
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.name_rows import reason
from semsam_annotate.napari.state.session import AUTOMATIC
from semsam_annotate.napari.widgets.name_picker import NamePicker

Names = tuple[Sequence[str], dict[str, str], dict[str, str]]
"""Names, their colours, their letters."""


class LabelForm(QWidget):
    """Shows a choice and tells what a person changes; typing a new name is allowed and extends the vocabulary."""

    parent_chosen = Signal(object)
    """Id of an accepted mask, ``AUTOMATIC``, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.object, self.part = NamePicker("Object", "unnamed object"), NamePicker("Part", "whole object")
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.parent_box, self._titles = QComboBox(), dict[str, str]()
        self.parent_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.object, 0, 0, 1, 2)
        layout.addWidget(self.part, 0, 2, 1, 2)
        layout.addWidget(self.why, 1, 0, 1, 4)
        layout.addWidget(QLabel("Part of"), 2, 0)
        layout.addWidget(self.parent_box, 2, 1, 1, 3)
        for column, stretch in enumerate((1, 1, 1, 1)):
            layout.setColumnStretch(column, stretch)
        self.parent_box.activated.connect(lambda row: self.parent_chosen.emit(self.parent_box.itemData(row)))
        self.show_masks([], AUTOMATIC, None)

    def show_names(self, objects: Names, parts: Names) -> None:
        """The names to choose from, parts those of the object chosen; what is chosen stays."""
        self.object.show_names(*objects)
        self.part.show_names(*parts)

    def show_choice(self, choice: LabelChoice, proposal: Proposal | None) -> None:
        """The names chosen or guessed, and the guesses for the mask shown."""
        objects, parts = ([], []) if proposal is None else (proposal.object_labels, proposal.part_labels)
        alike = ({}, {}) if proposal is None else proposal.alike
        self.object.show_guesses(objects, alike[0])
        self.part.show_guesses(parts, alike[1])
        self._show_why(choice, alike if proposal is not None and not choice.by_hand else None)
        self.object.show_name(choice.object)
        self.part.show_name(choice.part)

    def _show_why(self, choice: LabelChoice, alike: tuple[dict[str, int], dict[str, int]] | None) -> None:
        """Of the names guessed: what they are guessed from."""
        pairs = [] if alike is None else [(choice.object, alike[0]), (choice.part, alike[1])]
        self.why.setText("; ".join(f"{name}: {reason(name, counts)}" for name, counts in pairs if name))

    def show_masks(self, masks: Sequence[AcceptedMask], parent: str | None, proposed: AcceptedMask | None) -> None:
        """Accepted masks that a part may belong to, the parent chosen, and what automatic would take."""
        titles = {mask.id: f"{number}: {mask.title}" for number, mask in enumerate(masks, 1)}
        known = proposed is not None and parent == AUTOMATIC and proposed.id in titles
        automatic = f"mask around it ({titles[proposed.id]})" if known and proposed is not None else "mask around it"
        if titles != self._titles or not self.parent_box.count():
            self._fill_parents(titles)
        self.parent_box.setItemText(0, automatic)
        rows: list[str | None] = [AUTOMATIC, None, *titles]
        self.parent_box.setCurrentIndex(rows.index(parent) if parent in rows else 0)

    def _fill_parents(self, titles: dict[str, str]) -> None:
        self._titles = titles
        self.parent_box.clear()
        self.parent_box.addItem("", AUTOMATIC)
        self.parent_box.addItem("none", None)
        for id, title in titles.items():
            self.parent_box.addItem(title, id)
