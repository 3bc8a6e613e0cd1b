"""Which picture an image layer shows: its plane as RGB, named by its own pixels, with its file where it has one."""

from dataclasses import replace
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.annotations import image_sha256, pixels_as_read, read_image
from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.api.pixels import Pixels
from semsam_annotate.napari.canvas.geometry import plane_of
from semsam_annotate.napari.canvas.levels import in_full, level_data, level_plane, level_shape
from semsam_annotate.napari.canvas.pixels import read_plane, rgb_pixels
from semsam_annotate.napari.canvas.sameness import same_picture
from semsam_annotate.napari.state.picture import Picture, ReadImage

FILE_KEY = "semsam_file"
"""Key of ``layer.metadata`` that holds the path of the file whose oriented pixels the layer shows."""
READ_KEY = "semsam_read"
"""Key of ``layer.metadata`` that holds the ReadImage that the layer was made of: it need not be read again."""


def picture_of(layer: Image, viewer: ViewerModel) -> Picture:
    """The picture on screen of an image layer: its plane, of a pyramid at the level annotated (``level_of``).

    Grey and 16-bit layers go to the engine with the layer's contrast limits; their name in the store does not depend
    on them. Raises BadInput when the viewer does not show the layer's last two axes.
    """
    plane, read = shown_plane(layer, viewer), layer.metadata.get(READ_KEY)
    if isinstance(read, ReadImage) and layer.data is read.rgb:
        return Picture(read.rgb, read.rgb, read.sha256, read.sha256, layer.name, read.path)
    pixels = _read(layer, plane)
    rgb = rgb_pixels(pixels, rgb=layer.rgb, contrast_limits=shown_limits(layer))
    path, own = _file_pixels(layer, pixels)
    if own is None:
        own = rgb if layer.rgb else rgb_pixels(pixels, rgb=False)
    return Picture(rgb, own, image_sha256(own), image_sha256(rgb), layer.name, path, plane)


def shown_plane(layer: Image, viewer: ViewerModel) -> tuple[int, ...]:
    """Indices of the leading axes on screen, at the finest level; BadInput in 3D or when other axes are displayed."""
    if tuple(viewer.dims.displayed) != tuple(range(viewer.dims.ndim))[-2:]:
        raise BadInput("masks are drawn in the last two axes: switch to 2D and put the axes back in order")
    return plane_of(layer, viewer.dims.point)


def shows(viewer: ViewerModel, layer: Image, picture: Picture) -> bool:
    """Whether a picture of the layer is of the plane on screen."""
    try:
        return picture.plane == shown_plane(layer, viewer)
    except BadInput:
        return False


def seen_anew(picture: Picture, layer: Image) -> Picture:
    """The same picture in the layer's contrast of now: the engine sees what the person sees."""
    limits = shown_limits(layer)
    rgb = rgb_pixels(_read(layer, picture.plane), rgb=layer.rgb, contrast_limits=limits)
    return replace(picture, rgb=rgb, key=f"{picture.sha256} {limits}")


def shown_limits(layer: Image) -> tuple[float, float] | None:
    """Values shown black and white; None for a colour layer, which has none."""
    if layer.rgb:
        return None
    low, high = layer.contrast_limits
    return float(low), float(high)


def add_file(viewer: ViewerModel, read: ReadImage) -> Image:
    """Show an image file that was read as a new layer."""
    layer = Image(read.rgb, rgb=True, name=read.path.stem, metadata=_facts(read))
    viewer.add_layer(layer)
    return layer


def show_file(layer: Image, read: ReadImage) -> None:
    """Show another image file in a layer of ``add_file``: removing and adding layers costs napari half a second."""
    layer.metadata = _facts(read)
    layer.name = read.path.stem
    layer.data = read.rgb


def _facts(read: ReadImage) -> dict[str, object]:
    return {FILE_KEY: str(read.path), READ_KEY: read}


def _read(layer: Image, plane: tuple[int, ...]) -> Pixels:
    return read_plane(level_data(layer), rgb=layer.rgb, plane=level_plane(layer, plane))


def _file_pixels(layer: Image, pixels: Pixels) -> tuple[Path | None, RgbImage | None]:
    """The layer's file and its pixels, where the layer shows a plain image of just these.

    Other readers do not turn by EXIF, and anybody may give a layer other pixels: those are in no file.
    """
    known = layer.metadata.get(FILE_KEY) or layer.source.path
    if not known or len(level_shape(layer)) > 2 or not in_full(layer) or not Path(known).is_file():
        return None, None
    try:
        own = read_image(Path(known))
        same = same_picture(pixels_as_read(pixels), own)
    except BadInput:  # a format that only napari's readers know
        return None, None
    return (Path(known), own) if same else (None, None)
