"""Ties a napari viewer, a session and an engine together, without Qt: it also runs on a ``ViewerModel`` alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.api import BadInput, Ladder, Prompt, SemsamError
from semsam_annotate.napari.canvas.bindings import ViewerBindings
from semsam_annotate.napari.canvas.file_list import FileList
from semsam_annotate.napari.canvas.geometry import pixel_at
from semsam_annotate.napari.canvas.layers import AnnotationLayers
from semsam_annotate.napari.canvas.mouse import MouseActions
from semsam_annotate.napari.canvas.pasting import chosen_mask
from semsam_annotate.napari.canvas.picture_source import picture_of, shown_limits, shown_plane, shown_rgb
from semsam_annotate.napari.canvas.view import look_at
from semsam_annotate.napari.engine.lessons import Forget, Remember
from semsam_annotate.napari.engine.worker import EngineWorker, Request
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.hotkeys import hotkeys
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.shift import Shift


class Annotator:
    """Annotates the image layer that was active last; ``close`` leaves the viewer as it was."""

    def __init__(self, viewer: ViewerModel, session: AnnotationSession, worker: EngineWorker) -> None:
        self.viewer, self.session, self.worker = viewer, session, worker
        self.editing = MaskEditing(session)
        self.layers = AnnotationLayers(viewer)
        self.mouse = MouseActions(session)
        self.files = FileList(viewer)
        self.image: Image | None = None
        self._limits: tuple[float, float] | None = None
        self._quiet = self._closed = False
        session.candidate_changed.connect(self._draw_candidate)
        session.accepted_changed.connect(self._draw_accepted)
        session.asked.connect(self._ask)
        session.shifted.connect(self._teach)
        self.editing.marks_changed.connect(self._draw_accepted)
        self.editing.selection_changed.connect(self._draw_selected)
        self._listen()
        self.actions = self._actions()
        self._bindings = ViewerBindings(
            viewer, self.mouse, self.actions, self.layers.owns, self.choose_image, self._on_dims
        )
        session.vocabulary_changed.connect(self._bind_characters)
        self._bind_characters()
        self.choose_image()

    def open_files(self, paths: Sequence[Path]) -> None:
        """Take image files as a list to go through with PageDown and PageUp; the first one opens."""
        self.files = FileList(self.viewer, paths)
        self._turn_to(lambda: self.files.show(0))

    def choose_image(self) -> None:
        """Annotate the active layer if it is an image, else go on with the one before, else take the topmost."""
        active = self.viewer.layers.selection.active
        if self._quiet:
            return
        if isinstance(active, Image):
            self._annotate(active)
        elif self.image not in self.viewer.layers:
            images = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
            self._annotate(images[-1] if images else None)

    def cancel(self) -> None:
        """End what the engine computes; the next click starts it afresh."""
        self.worker.cancel()
        self.session.refuse(self.session.ticket, "stopped; the next click starts the engine again")

    def close(self) -> None:
        """End the engine, take out layers, keys and callbacks; calling it twice is fine."""
        if self._closed:
            return
        self._closed = self._quiet = True
        self.worker.close()
        self._bindings.release()
        self.session.candidate_changed.disconnect(self._draw_candidate)
        self.session.accepted_changed.disconnect(self._draw_accepted)
        self.session.asked.disconnect(self._ask)
        self.session.shifted.disconnect(self._teach)
        self.session.vocabulary_changed.disconnect(self._bind_characters)
        self.layers.remove()

    def run(self, action: Callable[[], object]) -> None:
        """Run an action of the person; what the store or a file objects to becomes one line."""
        try:
            action()
        except (SemsamError, OSError) as error:
            self.session.told.emit(str(error))

    def _actions(self) -> dict[str, Callable[[], object]]:
        session = self.session
        actions: dict[str, Callable[[], object]] = {
            "smaller": lambda: session.move(-1),
            "larger": lambda: session.move(1),
            "accept": session.accept,
            "drop": session.drop,
            "undo": session.undo,
            "redo": session.redo,
            "export": session.export,
            "delete": self._delete_under_pointer,
            "select": self._select_under_pointer,
            "paste": self._paste,
            "next": lambda: self._turn_to(lambda: self.files.step(1)),
            "previous": lambda: self._turn_to(lambda: self.files.step(-1)),
        }
        return {name: partial(self.run, action) for name, action in actions.items()}

    def _bind_characters(self, _: object = None) -> None:
        """Digits choose masks, letters accept under a name."""
        session = self.session
        keys: dict[str, Callable[[], object]] = {str(row + 1): partial(session.show_row, row) for row in range(6)}
        for letter, named in hotkeys(session.ledger.classes).items():
            keys[letter.upper()] = partial(self.run, partial(session.accept_as, named))
        self._bindings.keys.set_characters(keys)

    def look_at(self, id: str) -> None:
        """Bring an accepted mask to the middle of the canvas."""
        mask = self.session.mask(id)
        if mask is not None and self.image is not None:
            look_at(self.viewer, self.image, mask)

    def _select_under_pointer(self) -> None:
        if self.image is not None:
            mask = self.session.under(pixel_at(self.image, self.viewer.cursor.position))
            self.editing.select([] if mask is None else [mask.id])

    def _paste(self) -> None:
        if self.image is not None:
            self.session.paste(chosen_mask(self.viewer, self.image, tuple(self.layers.all)))

    def _delete_under_pointer(self) -> None:
        if self.image is not None:
            self.editing.delete_at(pixel_at(self.image, self.viewer.cursor.position))

    def _turn_to(self, show: Callable[[], Image]) -> None:
        self._quiet = True
        try:
            layer = show()
        finally:
            self._quiet = False
        self._annotate(layer)

    def _annotate(self, image: Image | None) -> None:
        if image is self.image:
            return
        self.image = self.mouse.image = image
        self._quiet = True
        try:
            self.layers.remove()
            if image is not None:
                self.layers.lie_on(image)
        finally:
            self._quiet = False
        self._open_picture()

    def _on_dims(self) -> None:
        """Another plane of a stack, or other axes, came on screen."""
        picture = self.session.picture
        if self.image is None or self._quiet or (picture is not None and picture.plane == self._plane()):
            return
        self._open_picture()

    def _plane(self) -> tuple[int, ...] | None:
        try:
            return None if self.image is None else shown_plane(self.image, self.viewer)
        except BadInput:
            return None

    def _open_picture(self) -> None:
        try:
            picture = None if self.image is None else picture_of(self.image, self.viewer)
        except BadInput as error:
            self.session.open(None)
            self.session.told.emit(str(error))
            return
        self._limits = None if self.image is None else shown_limits(self.image)
        self.session.open(picture)
        self._prepare()

    def _prepare(self) -> None:
        """Encode ahead of the first click."""
        picture = self.session.picture
        if picture is not None:
            self.worker.submit(Request(self.session.ticket, picture.key, picture.rgb))

    def _ask(self, ticket: int, prompt: Prompt) -> None:
        self._follow_contrast()
        picture = self.session.picture
        if picture is not None:
            self.worker.submit(Request(ticket, picture.key, picture.rgb, prompt, self.session.vocabulary))

    def _teach(self, shift: Shift) -> None:
        """The engine forgets what left and remembers what came."""
        picture = self.session.picture
        for id in shift.out:
            self.worker.teach(Forget(id))
        if picture is not None:
            for mask in shift.brought:
                self.worker.teach(Remember(picture.key, picture.rgb, mask))

    def _follow_contrast(self) -> None:
        """The engine sees what the person sees: new contrast limits mean other pixels, of the same picture."""
        picture, image = self.session.picture, self.image
        if picture is None or image is None or shown_limits(image) == self._limits:
            return
        self._limits = shown_limits(image)
        key = f"{picture.sha256} {self._limits}"
        self.session.picture = replace(picture, rgb=shown_rgb(image, picture.plane), key=key)

    def _listen(self) -> None:
        self.worker.answered.connect(self._answer)
        self.worker.failed.connect(self._refuse)

    def _answer(self, ticket: int, ladder: Ladder) -> None:
        self.session.answer(ticket, ladder)

    def _refuse(self, ticket: int, message: str) -> None:
        self.session.refuse(ticket, message)

    def _draw_candidate(self, candidate: Candidate) -> None:
        self.layers.show_candidate(candidate, self.editing.selection)
        self.layers.show_prompt(candidate)

    def _draw_accepted(self, _: object = None) -> None:
        self.layers.show_accepted(self.session.accepted, self.editing.hidden)
        self._draw_selected()

    def _draw_selected(self, _: object = None) -> None:
        masks, ledger = self.session.accepted, self.session.ledger
        colours = [ledger.colour(mask.object, mask.part) for mask in masks]
        self.layers.colour_accepted(colours, [mask.id in self.editing.selected for mask in masks])
        self.layers.show_candidate(self.session.candidate, self.editing.selection)
