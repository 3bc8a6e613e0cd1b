"""Trees of outlines to one picture of numbers: which piece is seen at which pixel."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from semsam_annotate.training.scenes.node import Node, Outline
from semsam_annotate.training.scenes.pose import Pose

LIMIT = 255
"""Pieces a scene may have: piece i is number i + 1 in the 8-bit picture, 0 is the bare backdrop."""
_FINE = 2
"""Outlines are drawn this much finer than the picture."""


@dataclass(frozen=True)
class Piece:
    """One node in its place: its row in ``Canvas.pieces`` is its number minus one."""

    node: Node
    root: str
    """Name of the object it belongs to."""
    parent: int
    stop: int
    """One past the last descendant: descendants directly follow."""
    layer: int
    """Position of the object in the order of drawing; 0 for the backdrop."""
    centre: tuple[float, float]
    radius: float
    """Half the longer side in pixels; 0 without an outline."""


@dataclass
class Canvas:
    """What has been drawn: ``numbers`` (size·2, size·2) uint8 and the pieces in order of drawing."""

    size: int
    numbers: NDArray[np.uint8] = field(init=False)
    pieces: list[Piece] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = np.zeros((self.size * _FINE, self.size * _FINE), np.uint8)

    def room(self, node: Node) -> bool:
        """Whether the node still fits under the limit of pieces."""
        return len(self.pieces) + node.count() <= LIMIT

    def draw(self, node: Node, pose: Pose, layer: int, parent: int = -1, root: str | None = None) -> None:
        """Draw a node and its children on top of what is there; they must fit (``room``)."""
        name = node.name if root is None else root
        index = len(self.pieces)
        outline = None if node.outline is None else pose(node.outline) * self.size
        centre, radius = _extent(outline)
        self.pieces.append(Piece(node, name, parent, index + node.count(), layer, centre, radius))
        if outline is not None:
            self._fill(outline, index, parent if node.clip else None)
        for child in node.children:
            self.draw(child, pose, layer, index, name)

    def seen(self) -> NDArray[np.uint8]:
        """(size, size) uint8: the number of the piece that is seen, 0 for none."""
        return np.ascontiguousarray(self.numbers[::_FINE, ::_FINE])

    def _fill(self, outline: Outline, index: int, within: int | None) -> None:
        side = self.numbers.shape[0]
        points = np.rint(outline * _FINE)
        x0, y0 = np.maximum(points.min(axis=0), 0).astype(int)
        x1, y1 = np.minimum(points.max(axis=0) + 1, side).astype(int)
        if x0 >= x1 or y0 >= y1:
            return
        stencil = Image.new("L", (x1 - x0, y1 - y0))
        ImageDraw.Draw(stencil).polygon((points - (x0, y0)).ravel().tolist(), fill=1)
        region = self.numbers[y0:y1, x0:x1]
        inside = np.asarray(stencil).view(np.bool_)
        if within is not None:
            # Numbers are rows + 1, and a piece's descendants directly follow it.
            inside = inside & (region > within) & (region <= index)
        region[inside] = index + 1


def _extent(outline: Outline | None) -> tuple[tuple[float, float], float]:
    if outline is None:
        return (0.0, 0.0), 0.0
    low, high = outline.min(axis=0), outline.max(axis=0)
    middle = (low + high) / 2
    return (float(middle[0]), float(middle[1])), float((high - low).max() / 2)
