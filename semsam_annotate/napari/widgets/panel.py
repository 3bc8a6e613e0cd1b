"""The annotator's controls: ladder, labels, tree, buttons. They show a session and forward to an annotator."""

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QGridLayout, QGroupBox, QSizePolicy, QVBoxLayout, QWidget

from semsam_annotate.annotations import PartClass
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.connections import Connections, Pair
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.widgets.buttons import KeyedButton
from semsam_annotate.napari.widgets.carry_box import CarryBox
from semsam_annotate.napari.widgets.export_button import ExportButton
from semsam_annotate.napari.widgets.label_form import LabelForm, Names
from semsam_annotate.napari.widgets.ladder_box import LadderBox
from semsam_annotate.napari.widgets.mask_box import MaskBox
from semsam_annotate.napari.widgets.review_box import ReviewBox
from semsam_annotate.napari.widgets.touch_box import TouchBox


class AnnotationPanel(QWidget):
    """Disabled until ``attach``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self.ladder, self.labels = LadderBox(), LabelForm()
        self.touch, self.review, self.masks, self.carry = TouchBox(), ReviewBox(), MaskBox(), CarryBox()
        self.export = ExportButton("Export", "COCO and part JSON into the project folder, while you go on", "export")
        self.buttons = {name: KeyedButton(text, tip, name) for name, (text, tip) in _BUTTONS.items()}
        self.buttons["export"] = self.export
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(_group("Masks at your click, largest first", self.ladder))
        layout.addWidget(_group("Labels", self.labels))
        layout.addLayout(self._grid())
        layout.addWidget(self.touch)
        layout.addWidget(_group("Everything in the image", self.review))
        layout.addWidget(_group("Accepted in this image", self.masks, grows=True), 1)
        layout.addWidget(_group("Carry over to other planes or images", self.carry))
        self._wire()
        self.setEnabled(False)

    def attach(self, annotator: Annotator) -> None:
        """Show this annotator's session from now on."""
        self._annotator = annotator
        self._connections = Connections(self._shown(annotator))
        for box in (self.touch, self.review, self.masks, self.carry):
            box.attach(annotator)
        self.export.attach(annotator.exporting)
        self.ladder.list.show_picture(annotator.session.picture)
        self._show_candidate(annotator.session.candidate)
        self._show_choice()
        self.setEnabled(True)

    def detach(self) -> None:
        """Stop showing it."""
        self._connections.release()
        for box in (self.touch, self.review, self.masks, self.carry):
            box.detach()
        self.export.detach()
        self._annotator = None
        self.setEnabled(False)

    def _shown(self, annotator: Annotator) -> list[Pair]:
        session = annotator.session
        choice = (session.choice_changed, session.accepted_changed, session.vocabulary_changed)
        return [
            (session.picture_changed, self.ladder.list.show_picture),
            (session.candidate_changed, self._show_candidate),
            (annotator.touch.changed, self._make_room),
            *((signal, self._show_choice) for signal in (*choice, annotator.editing.selection_changed)),
        ]

    def _wire(self) -> None:
        self.ladder.list.rung_clicked.connect(lambda rung: self._do(lambda it: it.session.show_rung(rung)))
        self.ladder.granularity_chosen.connect(lambda at: self._do(lambda it: it.session.show_granularity(at)))
        self.ladder.described.connect(lambda text: self._do(lambda it: it.session.describe(text)))
        self.labels.parent_chosen.connect(lambda parent: self._do(lambda it: it.session.choose_parent(parent)))
        for side, picker in (("object", self.labels.object), ("part", self.labels.part)):
            picker.chosen.connect(lambda name, side=side: self._do(lambda it: self._name(it, {side: name})))
            picker.committed.connect(lambda name, side=side: self._do(lambda it: self._rename(it, {side: name})))
            picker.entered.connect(lambda: self._do(self._accept))
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _=False, name=name: self._do(lambda it: it.actions[name]()))

    def _accept(self, annotator: Annotator) -> None:
        if annotator.session.candidate.proposal is not None:
            annotator.actions["accept"]()

    def _name(self, annotator: Annotator, names: dict[str, str]) -> None:
        """Names chosen for the mask being made; those of a selected mask wait until they are complete."""
        if self._selected(annotator) is None:
            annotator.session.label(**names)

    def _rename(self, annotator: Annotator, names: dict[str, str]) -> None:
        """With no mask at a click, names are those of the selected mask."""
        chosen = self._selected(annotator)
        if chosen is not None:
            (mask,) = annotator.editing.selection
            given = {"object": chosen.object, "part": chosen.part, **names}
            annotator.run(lambda: annotator.editing.rename(mask.id, **given))

    def _selected(self, annotator: Annotator) -> LabelChoice | None:
        """Names of the one mask that is selected, if no other mask is being named."""
        selection = annotator.editing.selection
        if len(selection) != 1 or annotator.session.candidate.proposal is not None:
            return None
        return LabelChoice(selection[0].object or "", selection[0].part or "")

    def _do(self, action: Callable[[Annotator], Any]) -> None:
        if self._annotator is not None:
            action(self._annotator)

    def _show_candidate(self, candidate: Candidate) -> None:
        self.ladder.show_candidate(candidate)
        self.buttons["accept"].setEnabled(candidate.proposal is not None)

    def _make_room(self) -> None:
        """While a mask is painted, what would take its place waits."""
        touching = self._annotator is not None and self._annotator.touch.active
        for widget in (self.ladder, self.review, self.masks, self.carry, *self.buttons.values()):
            widget.setDisabled(touching)
        if not touching and self._annotator is not None:
            self._show_candidate(self._annotator.session.candidate)

    def _show_choice(self, _: Any = None) -> None:
        if self._annotator is not None:
            session = self._annotator.session
            choice = self._selected(self._annotator) or session.choice
            self.labels.show_names(*self._names(choice.object))
            self.labels.show_choice(choice, session.candidate.proposal)
            self.labels.show_masks(session.accepted, session.parent, session.proposed_parent())

    def _names(self, object: str) -> tuple[Names, Names]:
        """Objects, and the parts that this one can have, with colours and letters."""
        assert self._annotator is not None
        session = self._annotator.session
        ledger = session.ledger
        sides: tuple[Names, Names] = ((ledger.vocabulary.objects, {}, {}), (ledger.parts_of(object), {}, {}))
        for named in ledger.classes:
            sides[isinstance(named, PartClass)][1][named.name] = named.color
        for letter, named in session.letters().items():
            sides[isinstance(named, PartClass)][2][named.name] = letter
        return sides

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.addWidget(self.buttons["accept"], 0, 0, 1, 2)
        for place, name in enumerate(("undo", "redo", "previous", "next", "most useful", "export")):
            grid.addWidget(self.buttons[name], 1 + place // 2, place % 2)
        return grid


_BUTTONS = {
    "accept": ("Accept  {key}", "Store the mask shown under the names chosen"),
    "undo": ("Take back", "The last step in this image; without end, after a restart too"),
    "redo": ("Do again", "The step that was taken back last"),
    "previous": ("Previous image", "The one before in the list"),
    "next": ("Next image", "The next one in the list"),
    "most useful": (
        "Most useful image",
        "One without accepted masks, else the one whose masks were found hardest",
    ),
}


def _group(title: str, content: QWidget, grows: bool = False) -> QGroupBox:
    """``grows``: whether it takes the height that a tall window leaves."""
    group = QGroupBox(title)
    if not grows:
        group.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    layout = QVBoxLayout(group)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.addWidget(content)
    return group
