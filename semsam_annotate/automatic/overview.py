"""A small picture of a large image, gathered from tiles that are read anyway."""

import numpy as np

from semsam_annotate.api import Proposal, RgbImage, decode_rle
from semsam_annotate.api.runs import Positions, Runs
from semsam_annotate.automatic.tiles import Tile


class Overview:
    """The image shrunk by a whole factor so that its longer side is at most ``longest``: the mean of each square."""

    def __init__(self, size: tuple[int, int], longest: int) -> None:
        self.size, self.factor = size, max(1, -(-max(size) // longest))
        shape = -(-size[0] // self.factor), -(-size[1] // self.factor)
        self._sum, self._count = np.zeros((*shape, 3)), np.zeros((*shape, 1))

    def add(self, tile: Tile, rgb: RgbImage) -> None:
        """Lay a tile in; pixels that several tiles hold count that often in their square's mean."""
        rows, columns = (self._cells(start, end) for start, end in ((tile.top, tile.bottom), (tile.left, tile.right)))
        sums = np.add.reduceat(np.add.reduceat(rgb, rows[1], axis=0, dtype=np.uint32), columns[1], axis=1)
        counts = np.diff([*rows[1], rgb.shape[0]])[:, None] * np.diff([*columns[1], rgb.shape[1]])[None]
        place = slice(rows[0], rows[0] + len(rows[1])), slice(columns[0], columns[0] + len(columns[1]))
        self._sum[place] += sums
        self._count[place] += counts[..., None]

    def rgb(self) -> RgbImage:
        """(h, w, 3) uint8; black where no tile was laid."""
        return np.asarray(np.rint(self._sum / np.maximum(self._count, 1)), dtype=np.uint8)

    def enlarge(self, proposal: Proposal) -> Proposal:
        """A mask of the overview in the large image, its edges as coarse as the overview's pixels."""
        mask = decode_rle(proposal.rle)  # proposal.mask would stay in memory with the proposal
        rows = mask.shape[0] + 1
        small = Runs.of(np.pad(mask, ((0, 1), (0, 0))))  # an empty row, so that no run goes over two columns
        first, last = small.starts % rows, (small.ends - 1) % rows + 1
        runs = _enlarged(small.starts // rows, first, last, self.factor, self.size)
        return proposal.placed(runs.to_rle(), runs.box)

    def _cells(self, start: int, end: int) -> tuple[int, list[int]]:
        """First cell of a span, and where in the span each cell starts."""
        first = start // self.factor
        edges = range(first * self.factor, end, self.factor)
        return first, [max(edge - start, 0) for edge in edges]


def _enlarged(column: Positions, first: Positions, last: Positions, factor: int, size: tuple[int, int]) -> Runs:
    """Runs of rows [first, last) in columns of squares of ``factor`` pixels, cut at the image's edges."""
    height, width = size
    columns = (column[:, None] * factor + np.arange(factor)).ravel()
    starts = np.repeat(first * factor, factor)
    ends = np.minimum(np.repeat(last * factor, factor), height)
    inside = columns < width
    starts, ends = (columns * height + starts)[inside], (columns * height + ends)[inside]
    order = np.argsort(starts, kind="stable")
    empty = np.zeros(0, np.int64)
    return Runs(size, empty, empty).union([Runs(size, starts[order], ends[order])])
