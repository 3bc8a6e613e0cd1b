"""Where the tiles of a large image lie."""

from dataclasses import dataclass

from semsam_annotate.api import BadInput
from semsam_annotate.api.runs import Runs

MARGIN = 1 / 128
"""Of a tile's side: a mask that comes this close to an edge inside the image is cut by it."""


@dataclass(frozen=True)
class TileSettings:
    """``side``: of a tile in pixels. ``overlap``: pixels that neighbours share; what fits in is whole in one."""

    side: int = 1024
    overlap: int = 256

    def __post_init__(self) -> None:
        if self.side < 16 or not 0 < self.overlap <= self.side // 2:
            raise BadInput(
                f"a tile has a side of 16 or more and an overlap of 1 to half of it, not {self.side}, {self.overlap}"
            )


@dataclass(frozen=True)
class Tile:
    """Rows [top, bottom) and columns [left, right) of an image."""

    top: int
    left: int
    bottom: int
    right: int

    def meets(self, other: "Tile") -> bool:
        """Whether the two share pixels."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def shared(self, other: "Tile") -> "Tile":
        """What both see; they must meet."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        return Tile(top, left, min(self.bottom, other.bottom), min(self.right, other.right))

    def of(self, mask: Runs) -> Runs:
        """What of the mask lies in the tile."""
        return mask.within(self.top, self.left, self.bottom, self.right)

    def core(self, size: tuple[int, int]) -> "Tile":
        """What lies inside of ``inner_edges``."""
        deep = self._margin
        return Tile(
            self.top + deep * (self.top > 0),
            self.left + deep * (self.left > 0),
            self.bottom - deep * (self.bottom < size[0]),
            self.right - deep * (self.right < size[1]),
        )

    @property
    def _margin(self) -> int:
        return max(1, round(max(self.bottom - self.top, self.right - self.left) * MARGIN))

    def inner_edges(self, size: tuple[int, int]) -> list["Tile"]:
        """Strips along the edges that are not the edges of an image of ``size``."""
        deep, strips = self._margin, []
        if self.top > 0:
            strips.append(Tile(self.top, self.left, self.top + deep, self.right))
        if self.bottom < size[0]:
            strips.append(Tile(self.bottom - deep, self.left, self.bottom, self.right))
        if self.left > 0:
            strips.append(Tile(self.top, self.left, self.bottom, self.left + deep))
        if self.right < size[1]:
            strips.append(Tile(self.top, self.right - deep, self.bottom, self.right))
        return strips


def tiles_of(size: tuple[int, int], settings: TileSettings) -> list[Tile]:
    """Tiles that cover an image of (height, width), row by row, all of one size where the image is large enough."""
    rows, columns = (_spans(length, settings) for length in size)
    return [Tile(top, left, bottom, right) for top, bottom in rows for left, right in columns]


def _spans(length: int, settings: TileSettings) -> list[tuple[int, int]]:
    """Evenly spread spans of ``side`` that overlap by at least ``overlap``."""
    if length <= settings.side:
        return [(0, length)]
    count = -(-(length - settings.overlap) // (settings.side - settings.overlap))
    last = length - settings.side
    starts = [round(index * last / (count - 1)) for index in range(count)]
    return [(start, start + settings.side) for start in starts]
