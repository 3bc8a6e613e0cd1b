"""The annotator's controls: ladder, labels, buttons. They show a session and forward to an annotator."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.widgets.hints import KEYS_HELP
from semsam_annotate.napari.widgets.label_form import LabelForm
from semsam_annotate.napari.widgets.ladder_list import LadderList


class AnnotationPanel(QWidget):
    """Disabled until ``attach``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self.ladder, self.labels = LadderList(), LabelForm()
        self.buttons = {name: _button(text) for name, text in _BUTTONS.items()}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(_group("Masks at your click, largest first", self.ladder))
        layout.addWidget(_group("Labels", self.labels))
        layout.addLayout(self._grid())
        layout.addWidget(_group("Keys", _keys_help()))
        self._wire()
        self.setEnabled(False)

    def attach(self, annotator: Annotator) -> None:
        """Show this annotator's session from now on."""
        self._annotator = annotator
        session = annotator.session
        session.candidate_changed.connect(self._show_candidate)
        session.choice_changed.connect(self._show_choice)
        session.accepted_changed.connect(self._show_choice)
        session.vocabulary_changed.connect(self._show_choice)
        self._show_candidate(session.candidate)
        self._show_choice()
        self.setEnabled(True)

    def detach(self) -> None:
        """Stop showing it."""
        if self._annotator is not None:
            session = self._annotator.session
            session.candidate_changed.disconnect(self._show_candidate)
            session.choice_changed.disconnect(self._show_choice)
            session.accepted_changed.disconnect(self._show_choice)
            session.vocabulary_changed.disconnect(self._show_choice)
        self._annotator = None
        self.setEnabled(False)

    def _wire(self) -> None:
        self.ladder.rung_clicked.connect(lambda rung: self._do(lambda it: it.session.show_rung(rung)))
        self.labels.object_chosen.connect(lambda name: self._do(lambda it: it.session.label(object=name)))
        self.labels.part_chosen.connect(lambda name: self._do(lambda it: it.session.label(part=name)))
        self.labels.parent_chosen.connect(lambda parent: self._do(lambda it: it.session.choose_parent(parent)))
        self.labels.submitted.connect(lambda: self._do(lambda it: it.actions["accept"]()))
        for name, button in self.buttons.items():
            button.clicked.connect(self._starter(name))

    def _starter(self, name: str) -> Callable[[], None]:
        return lambda: self._do(lambda it: it.actions[name]())

    def _do(self, action: Callable[[Annotator], Any]) -> None:
        if self._annotator is not None:
            action(self._annotator)

    def _show_candidate(self, candidate: Candidate) -> None:
        self.ladder.show_candidate(candidate)
        self.buttons["accept"].setEnabled(candidate.proposal is not None)

    def _show_choice(self, _: Any = None) -> None:
        if self._annotator is not None:
            session = self._annotator.session
            self.labels.show_names(session.vocabulary.objects, session.ledger.parts_of(session.choice.object))
            self.labels.show_choice(session.choice)
            self.labels.show_masks(session.accepted, session.parent, session.proposed_parent())

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.addWidget(self.buttons["accept"], 0, 0, 1, 2)
        for place, name in enumerate(("undo", "export", "previous", "next")):
            grid.addWidget(self.buttons[name], 1 + place // 2, place % 2)
        return grid


_BUTTONS = {
    "accept": "Accept  (Enter)",
    "undo": "Take back  (Ctrl+Z)",
    "export": "Export  (Ctrl+E)",
    "previous": "Previous image",
    "next": "Next image",
}


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on to the canvas
    return button


def _group(title: str, content: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    layout = QVBoxLayout(group)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.addWidget(content)
    return group


def _keys_help() -> QLabel:
    label = QLabel(KEYS_HELP)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setWordWrap(True)
    return label
