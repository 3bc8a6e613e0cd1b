"""Ties a napari viewer, a session and an engine together, without Qt: it also runs on a ``ViewerModel`` alone."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image
from psygnal import Signal

from semsam_annotate.annotations.image_states import Said
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.napari.canvas.actions import character_actions, named_actions
from semsam_annotate.napari.canvas.asking import Asking
from semsam_annotate.napari.canvas.bindings import ViewerBindings
from semsam_annotate.napari.canvas.contrast import Contrast
from semsam_annotate.napari.canvas.drawing import Drawing, Later
from semsam_annotate.napari.canvas.effect_layers import is_effect
from semsam_annotate.napari.canvas.file_list import FileList
from semsam_annotate.napari.canvas.frames import Frames
from semsam_annotate.napari.canvas.image_watch import ImageWatch
from semsam_annotate.napari.canvas.layers import AnnotationLayers
from semsam_annotate.napari.canvas.levels import in_full, level_note, too_large
from semsam_annotate.napari.canvas.mouse import MouseActions
from semsam_annotate.napari.canvas.picture_source import picture_of, shows
from semsam_annotate.napari.canvas.touching import TouchLayer
from semsam_annotate.napari.canvas.view import look_at, set_view, view_of
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.state.carrying import Carrying
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.exporting import Exporting
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.image_list import ImageList
from semsam_annotate.napari.state.left_work import LeftWork
from semsam_annotate.napari.state.review import ReviewQueue
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.touch_up import TouchUp
from semsam_annotate.napari.state.workspace import Workspace, resumed, taken


class Annotator:
    """Annotates the image layer that was active last; ``close`` leaves the viewer as it was.

    ``later``: runs an action after a moment, by which the engine has often answered; without it, at once.
    """

    help_wanted = Signal()
    """The keys are to be shown, or no longer."""

    def __init__(
        self, viewer: ViewerModel, session: AnnotationSession, worker: EngineWorker, later: Later | None = None
    ) -> None:
        self.viewer, self.session, self.worker = viewer, session, worker
        self.editing, self.review = MaskEditing(session), ReviewQueue(session)
        self.hover, self.images = Hover(session), ImageList(session)
        self.layers, self.files = AnnotationLayers(viewer), FileList(viewer)
        self.mouse = MouseActions(session, self.hover)
        self.image: Image | None = None
        self._quiet = self._closed = False
        self._drawing = Drawing(session, self.editing, self.hover, self.layers, later)
        self.touch = TouchUp(session, self.editing)
        self._left, self.exporting = LeftWork(session, self.touch), Exporting(session)
        self.touch_layer = TouchLayer(viewer, self.touch, lambda: self.image)
        self._watch = ImageWatch(self._show_anew, self._on_dims, (self.layers.follow, self.touch_layer.follow))
        self._connections = Connections(
            [
                (self.touch.changed, self._make_room),
                (worker.read, lambda image: self.files.have(image)),
                (session.vocabulary_changed, self._bind_characters),
            ]
        )
        self.frames = Frames(viewer, lambda: self.image, self._turn_listed)
        self.carrying = Carrying(session, self.editing, self.frames.step)
        self._contrast = Contrast(session, lambda: self.image)
        self.asking = Asking(session, self.review, self.hover, self.carrying, worker, self._contrast.follow)
        self.actions = named_actions(self)
        self._bindings = ViewerBindings(
            viewer, self.mouse, self.actions, self.layers.owns, self.choose_image, self._on_dims
        )
        self.shortcuts = self._bindings.keys.shortcuts
        self._bind_characters()
        self.choose_image()

    def open_files(self, paths: Sequence[Path]) -> None:
        """Take image files to go through; the one opens where the last window was left, else the first readable one."""
        self._begin(paths, show=True)

    def open_project_images(self) -> None:
        """Take the project's images as the list, and go on where the last window was left; open images stay."""
        paths = self.session.ledger.images()
        show = bool(paths) and not any(isinstance(layer, Image) for layer in self.viewer.layers)
        self.run(lambda: self._begin(paths, show))

    def workspace(self) -> Workspace:
        """Where the person is now."""
        return self._left.beside(taken(self.session, self.editing, self.touch, view_of(self.viewer)))

    def _begin(self, paths: Sequence[Path], show: bool) -> None:
        workspace = Workspace.read(self.session.ledger.workspace)
        self._list(paths)
        try:
            if show:
                self._turn_to(
                    self.files.around(self.files.index(workspace.file) or 0), "none of the images can be read"
                )
        finally:
            here = resumed(workspace, self.session, self.editing, self.touch)
            self._left.keep(workspace, here)
        if here:
            set_view(self.viewer, workspace.view)

    def turn(self, steps: int) -> None:
        """Open the file that many places further in the list, or the next one beyond it that can be read."""
        otherwise = "no more images in this direction" if self.files.paths else "no list of images is open"
        self._turn_to(self.files.beyond(steps), otherwise)

    def turn_to_useful(self) -> None:
        """Open the image of the list that is most useful to annotate next."""
        places = iter(lambda: self.images.useful(self.files.current()), None)
        self._turn_to(places, "every other image of the list is done or skipped")

    def turn_to(self, place: int) -> None:
        """Open the file in a place of the list; BadInput when it cannot be read, and the image before stays."""
        self._turn_to((place,), "the image before stays")

    def settle(self, said: Said) -> None:
        """Say that the image is done or skipped, and go on with the one that follows."""
        self.images.mark(said)
        places = iter(self.images.following, None)
        self.run(lambda: self._turn_to(places, "every image of the list is done or skipped"))

    def choose_image(self) -> None:
        """Annotate the active layer if it is an image, else go on with the one before, else take the topmost."""
        active = self.viewer.layers.selection.active
        if self._quiet:
            return
        if isinstance(active, Image) and not is_effect(active):
            self._annotate(active)
        elif self.image not in self.viewer.layers:
            images = [layer for layer in self.viewer.layers if isinstance(layer, Image) and not is_effect(layer)]
            self._annotate(images[-1] if images else None)

    def look_at(self, id: str) -> None:
        """Bring an accepted mask to the middle of the canvas."""
        mask = self.session.mask(id)
        if mask is not None and self.image is not None:
            look_at(self.viewer, self.image, mask)

    def cancel(self) -> None:
        """End what the engine computes; the next click starts it afresh."""
        self.worker.cancel()
        self.carrying.stop()
        self.session.refuse(self.session.ticket, "stopped; the next click starts the engine again")

    def close(self) -> None:
        """End the engine, take out layers, keys and callbacks; calling it twice is fine."""
        if self._closed:
            return
        self._closed = self._quiet = True
        self._watch.follow(None)
        self.worker.close()
        self.exporting.close()
        self._bindings.release()
        self._drawing.release()
        self.asking.release()
        self._connections.release()
        self.touch_layer.release()
        self.layers.remove()

    def run(self, action: Callable[[], object]) -> None:
        """Run an action of the person; what the store or a file objects to becomes one line."""
        try:
            action()
        except (SemsamError, OSError) as error:
            self.session.told.emit(str(error))

    def _make_room(self) -> None:
        """While a mask is painted, clicks are strokes, and what lies in its place is not shown."""
        self.mouse.resting = self.touch.active
        if self.layers.candidate is not None:
            self.layers.candidate.visible = not self.touch.active

    def _bind_characters(self, _: object = None) -> None:
        self._bindings.keys.set_characters(character_actions(self))

    def _list(self, paths: Sequence[Path]) -> None:
        self.files = FileList(self.viewer, paths)
        self.images.show(self.files.paths)

    def _turn_to(self, places: Iterable[int], otherwise: str) -> None:
        self._quiet = True
        try:
            layer = self.files.show_first(places, self.images.leave_out, otherwise)
        finally:
            self._quiet = False
        self._annotate(layer, anew=True)

    def _turn_listed(self, steps: int) -> None:
        """As ``turn``, but only from an image of the list; BadInput from another one."""
        if self.images.here is None or self.images.here != self.files.current():
            raise BadInput("this image is not of the list")
        self.turn(steps)

    def _annotate(self, image: Image | None, anew: bool = False) -> None:
        """``anew``: also when it is the layer of before, which shows another picture now."""
        if image is self.image and not anew and (image is None or self.session.picture is not None):
            return
        self.run(self.touch.keep)
        self.image = self.mouse.image = image
        self._watch.follow(image)
        self._quiet = True
        try:
            if image is None or too_large(image):
                self.layers.remove()
            else:
                self.layers.lie_on(image)
        finally:
            self._quiet = False
        self._open_picture()
        if image is not None and self.session.picture is not None and not in_full(image):
            self.session.told.emit(level_note(image))

    def _show_anew(self) -> None:
        """Somebody gave the layer other pixels: another picture."""
        if not self._quiet:
            self._annotate(self.image, anew=True)

    def _on_dims(self) -> None:
        """Another plane of a stack, or other axes, came on screen."""
        picture = self.session.picture
        if self.image is None or self._quiet or (picture is not None and shows(self.viewer, self.image, picture)):
            return
        self.run(self.touch.keep)
        self._open_picture()

    def _open_picture(self) -> None:
        """Without one when it cannot be annotated, or when the store does not give its masks."""
        try:
            self.session.open(None if self.image is None else picture_of(self.image, self.viewer))
        except (SemsamError, OSError) as error:
            self.session.open(None)
            self.session.told.emit(str(error))
            return
        self._contrast.begin()
        self.touch.recall()
        self.run(lambda: self.asking.prepare(self.files.at(self.images.following())))
