"""The list of image files an annotator goes through, one on screen at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from napari.components import ViewerModel
from napari.layers import Image, Layer

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.picture_source import FILE_KEY, READ_KEY, add_file, show_file
from semsam_annotate.napari.state.picture import ReadImage


class FileList:
    """Paths in order; one layer of the viewer shows one after the other."""

    def __init__(self, viewer: ViewerModel, paths: Sequence[Path] = ()) -> None:
        self._viewer = viewer
        self.paths = [path.resolve() for path in paths]
        self._places = {str(path): place for place, path in reversed(list(enumerate(self.paths)))}
        self._ahead: ReadImage | None = None

    def current(self) -> int | None:
        """Place in the list of the file on screen, in the layer of the list if there is one; None when none is."""
        own = [layer for layer in self._viewer.layers if self._listed(layer)]
        shown = {str(layer.metadata.get(FILE_KEY)) for layer in own or self._viewer.layers}
        return min((self._places[path] for path in shown if path in self._places), default=None)

    def index(self, path: str | None) -> int | None:
        """Place of a file in the list, None when it is not in it."""
        return None if path is None else self._places.get(str(Path(path).resolve()))

    def show(self, index: int) -> Image:
        """Open the file at a place of the list; BadInput when it cannot be read or there is none."""
        if not 0 <= index < len(self.paths):
            raise BadInput("no more images in this direction" if self.paths else "no list of images is open")
        path, ahead = self.paths[index], self._ahead
        read = ahead if ahead is not None and ahead.path == path else ReadImage.of(path)
        layer = next((layer for layer in self._viewer.layers if self._listed(layer)), None)
        if layer is None:
            layer = add_file(self._viewer, read)
        else:
            show_file(layer, read)
        self._viewer.layers.selection.active = layer
        self._viewer.reset_view()
        return layer

    def have(self, image: ReadImage) -> None:
        """Keep an image that was read ahead, the newest one only."""
        self._ahead = image

    def step(self, steps: int) -> Image:
        """Open the file that many places further; BadInput at either end."""
        current = self.current()
        return self.show(0 if current is None else current + steps)

    def _listed(self, layer: Layer) -> TypeGuard[Image]:
        """Whether a layer was made here and shows its file: what others opened or changed is not replaced."""
        read = layer.metadata.get(READ_KEY)
        return (
            isinstance(layer, Image)
            and isinstance(read, ReadImage)
            and layer.data is read.rgb
            and str(read.path) in self._places
        )
