"""The tree of masks with its buttons, tied to an annotator."""

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QGridLayout, QInputDialog, QVBoxLayout, QWidget

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.outline import outline
from semsam_annotate.napari.widgets.buttons import quiet_button
from semsam_annotate.napari.widgets.mask_rows import mask_rows
from semsam_annotate.napari.widgets.mask_tree import MENU, TIPS, MaskTree


class MaskBox(QWidget):
    """Shows an annotator's accepted masks and forwards what a person does with them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self.tree = MaskTree()
        self.buttons = {wish: quiet_button(text, TIPS[wish]) for text, wish in MENU.items()}
        layout, grid = QVBoxLayout(self), QGridLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree)
        layout.addLayout(grid)
        for place, button in enumerate(self.buttons.values()):
            grid.addWidget(button, place // 2, place % 2)
        self.tree.setMinimumHeight(140)
        self._wire()

    def attach(self, annotator: Annotator) -> None:
        """Show this annotator's masks from now on."""
        self._annotator = annotator
        editing = annotator.editing
        shown = (annotator.session.accepted_changed, editing.marks_changed)
        self._connections = Connections(
            [*((signal, self._show) for signal in shown), (editing.selection_changed, self._show_selection)]
        )
        self._show()

    def detach(self) -> None:
        """Stop showing them."""
        self._connections.release()
        self._annotator = None
        self.tree.show_rows({})

    def _show(self, _: Any = None) -> None:
        if self._annotator is not None:
            session, editing = self._annotator.session, self._annotator.editing
            colours = {mask.id: session.ledger.colour(mask.object, mask.part) for mask in session.accepted}
            self.tree.show_rows(mask_rows(outline(session.accepted), colours, editing), editing.selected)
            self._show_buttons()

    def _show_selection(self, _: Any = None) -> None:
        if self._annotator is not None:
            self.tree.show_selection(self._annotator.editing.selected)
            self._show_buttons()

    def _show_buttons(self) -> None:
        if self._annotator is not None:
            for wish, button in self.buttons.items():
                button.setEnabled(len(self._annotator.editing.selected) > (wish == "merge"))

    def _wire(self) -> None:
        self.tree.selected.connect(lambda ids: self._do(lambda it: it.editing.select(ids)))
        self.tree.hung.connect(lambda ids, parent: self._do(lambda it: it.editing.attach(ids, parent)))
        self.tree.shown.connect(lambda id, seen: self._do(lambda it: it.editing.mark([id], hidden=not seen)))
        self.tree.jumped.connect(lambda id: self._do(lambda it: it.look_at(id)))
        self.tree.wanted.connect(self._grant)
        for wish, button in self.buttons.items():
            button.clicked.connect(lambda _=False, wish=wish: self._grant(wish))

    def _grant(self, wish: str) -> None:
        if self._annotator is not None:
            editing = self._annotator.editing
            ids = list(editing.selected)
            wishes: dict[str, Callable[[], Any]] = {
                "lock": lambda: editing.mark(ids, locked=not set(ids) <= editing.locked),
                "merge": lambda: editing.merge(ids),
                "free": lambda: editing.free(ids),
                "delete": lambda: editing.delete(ids),
                "delete with parts": lambda: editing.delete(ids, with_parts=True),
                "approve": lambda: editing.review(ids),
                "ask for changes": lambda: self._ask_for_changes(editing, ids),
            }
            self._annotator.run(wishes[wish])

    def _ask_for_changes(self, editing: MaskEditing, ids: list[str]) -> None:
        words, said = QInputDialog.getText(self, "Ask for changes", "What is to be changed?")
        if said and words.strip():
            editing.review(ids, words.strip())

    def _do(self, action: Callable[[Annotator], Any]) -> None:
        annotator = self._annotator
        if annotator is not None:
            annotator.run(lambda: action(annotator))
