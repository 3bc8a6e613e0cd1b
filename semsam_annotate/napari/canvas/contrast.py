"""The engine sees the annotated picture in the contrast in which the person sees it."""

from collections.abc import Callable

from napari.layers import Image

from semsam_annotate.napari.canvas.picture_source import seen_anew, shown_limits
from semsam_annotate.napari.state.session import AnnotationSession


class Contrast:
    """Of the picture that is open; ``image``: the layer that it is of."""

    def __init__(self, session: AnnotationSession, image: Callable[[], Image | None]) -> None:
        self._session, self._image = session, image
        self._limits: tuple[float, float] | None = None

    def begin(self) -> None:
        """The picture was made in the contrast of now."""
        image = self._image()
        self._limits = None if image is None else shown_limits(image)

    def follow(self) -> None:
        """New contrast limits mean other pixels, of the same picture."""
        picture, image = self._session.picture, self._image()
        if picture is not None and image is not None and shown_limits(image) != self._limits:
            self._limits = shown_limits(image)
            self._session.picture = seen_anew(picture, image)
