"""The list of image files an annotator goes through, one on screen at a time."""

from collections.abc import Callable, Iterable, Sequence
from os.path import abspath, exists, samefile
from pathlib import Path
from typing import TypeGuard

from napari.components import ViewerModel
from napari.layers import Image, Layer

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.picture_source import FILE_KEY, READ_KEY, add_file, show_file
from semsam_annotate.napari.state.picture import ReadImage


class FileList:
    """Paths in order, each once and by the way it was given; one layer of the viewer shows one after the other."""

    def __init__(self, viewer: ViewerModel, paths: Sequence[Path] = ()) -> None:
        self._viewer = viewer
        self.paths = [Path(path) for path in dict.fromkeys(map(abspath, paths))]
        self._places = {str(path): place for place, path in enumerate(self.paths)}
        self._ahead: ReadImage | None = None

    def current(self) -> int | None:
        """Place in the list of the file on screen, in the layer of the list if there is one; None when none is."""
        own = [layer for layer in self._viewer.layers if self._listed(layer)]
        shown = {str(layer.metadata.get(FILE_KEY)) for layer in own or self._viewer.layers}
        return min((self._places[path] for path in shown if path in self._places), default=None)

    def at(self, place: int | None) -> Path | None:
        """The file in a place of the list."""
        return None if place is None else self.paths[place]

    def index(self, path: str | None) -> int | None:
        """Place of a file in the list, None when it is not in it."""
        if path is None:
            return None
        place = self._places.get(abspath(path))
        return self._by_another_way(Path(path)) if place is None else place

    def show(self, index: int) -> Image:
        """Open the file at a place of the list; BadInput when it cannot be read or there is none."""
        if not 0 <= index < len(self.paths):
            raise BadInput("no such place in the list of images")
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

    def show_first(self, places: Iterable[int], leave_out: Callable[[int, str], None], otherwise: str) -> Image:
        """Open the first of these files that can be read; BadInput when there is none.

        ``leave_out``: told of every place before it and of what is wrong there. ``otherwise``: what to say of none.
        """
        lines = []
        for place in places:
            try:
                return self.show(place)
            except BadInput as error:
                leave_out(place, str(error))
                lines = [str(error)]
        raise BadInput("; ".join([*lines, otherwise]))

    def beyond(self, steps: int) -> range:
        """Places from the one that many steps further to the end in that direction."""
        current = self.current()
        place = 0 if current is None else current + steps
        return range(max(place, 0), len(self.paths)) if steps > 0 else range(min(place, len(self.paths) - 1), -1, -1)

    def around(self, start: int) -> Iterable[int]:
        """Every place, from one onwards and then from the first."""
        return (*range(start, len(self.paths)), *range(start))

    def _by_another_way(self, path: Path) -> int | None:
        """Place of the same file under the same name, as through a link to its folder."""
        if not exists(path):
            return None
        named = (place for place, other in enumerate(self.paths) if other.name == path.name and exists(other))
        return next((place for place in named if samefile(path, self.paths[place])), None)

    def _listed(self, layer: Layer) -> TypeGuard[Image]:
        """Whether a layer was made here and shows its file: what others opened or changed is not replaced."""
        read = layer.metadata.get(READ_KEY)
        return (
            isinstance(layer, Image)
            and isinstance(read, ReadImage)
            and layer.data is read.rgb
            and str(read.path) in self._places
        )
