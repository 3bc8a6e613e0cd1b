"""Masks of overlapping tiles, joined where an edge cut them, kept once where two tiles saw them."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semsam_annotate.api import Box, Proposal, decode_rle
from semsam_annotate.api.runs import Runs
from semsam_annotate.automatic.tiles import Tile

ALIKE = 0.5
"""IoU, within what both tiles see, of two views of one thing."""
BULK = 0.5
"""Share of a mask in what a neighbour sees: if the neighbour has nothing like it, it goes; it was a piece."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A mask in the large image, with the tiles that it was seen in and whether an edge of them cuts it."""

    proposal: Proposal
    runs: Runs
    tiles: tuple[Tile, ...]
    cut: bool


class Stitcher:
    """Takes the masks of one tile after the other, row by row; gives out each when no later tile can change it."""

    def __init__(self, size: tuple[int, int], tiles: Sequence[Tile]) -> None:
        self.size, self._tiles, self._left = size, tuple(tiles), list(tiles)
        self._waiting: list[Piece] = []
        self._given: list[Piece] = []

    def add(self, tile: Tile, proposals: Sequence[Proposal]) -> Iterator[Proposal]:
        """The masks of ``tile``, in its own coordinates; out come those that are settled."""
        self._left.remove(tile)
        new = [self._place(tile, proposal) for proposal in proposals]
        for piece, like in self._matches(tile, new):
            self._waiting = [other for other in self._waiting if other not in like]
            merged = self._merge(piece, like)
            if merged is not None:
                self._waiting.append(merged)
        yield from self._settled()

    def _place(self, tile: Tile, proposal: Proposal) -> Piece:
        runs = Runs.of(decode_rle(proposal.rle), self.size, tile.top, tile.left)
        bare = proposal.placed(proposal.rle, proposal.box)  # pieces of a row of tiles wait here: without their arrays
        return Piece(bare, runs, (tile,), self._is_cut(runs, (tile,)))

    def _is_cut(self, runs: Runs, tiles: tuple[Tile, ...]) -> bool:
        """Whether the mask reaches an edge of its tiles beyond which none of them sees.

        Another tile sees beyond it where it does not end there itself: neighbours in a row end at one height.
        """
        for tile in tiles:
            for strip in tile.inner_edges(self.size):
                reach = strip.of(runs) if _meets(runs.box, strip) else None
                for other in tiles:
                    if reach is not None and other is not tile:
                        reach = reach.minus(other.core(self.size).of(reach))
                if reach is not None and reach.area:
                    return True
        return False

    def _matches(self, tile: Tile, new: Sequence[Piece]) -> Iterator[tuple[Piece, list[Piece]]]:
        """Each new mask with the earlier ones that are the same thing: best likeness first, one per neighbour."""
        pairs = sorted(self._pairs(tile, new), key=lambda pair: (-pair[0], pair[1]))
        taken: set[int] = set()
        like: dict[int, list[Piece]] = {number: [] for number in range(len(new))}
        for _, number, other in pairs:
            known = {own for piece in like[number] for own in piece.tiles}
            if id(other) not in taken and not known & set(other.tiles):
                taken.add(id(other))
                like[number].append(other)
        for number, piece in enumerate(new):
            yield piece, like[number]

    def _pairs(self, tile: Tile, new: Sequence[Piece]) -> Iterator[tuple[float, int, Piece]]:
        """(likeness, index of the new mask, earlier mask) of all that may be the same thing."""
        ours: dict[tuple[int, tuple[Tile, ...]], Runs] = {}
        for other in (*self._waiting, *self._given):
            windows = tuple(tile.shared(own) for own in other.tiles if tile.meets(own))
            theirs = _seen(other.runs, windows)
            for number, piece in enumerate(new if theirs.area else ()):
                if _overlap(piece.runs.box, theirs.box):
                    if (number, windows) not in ours:
                        ours[number, windows] = _seen(piece.runs, windows)
                    likeness = _likeness(piece, ours[number, windows], other, theirs)
                    if likeness >= ALIKE:
                        yield likeness, number, other

    def _merge(self, piece: Piece, like: list[Piece]) -> Piece | None:
        """What a new mask and its likes become; None when one given out before, or a whole one, says it all."""
        whole = [other for other in like if not other.cut]
        if not like:
            return piece
        if whole:
            return None if whole[0] in self._given else whole[0]
        if not piece.cut:
            return piece
        runs = piece.runs.union([other.runs for other in like])
        tiles = (*piece.tiles, *(tile for other in like for tile in other.tiles))
        largest = max([piece, *like], key=lambda part: part.runs.area)
        return Piece(largest.proposal, runs, tiles, self._is_cut(runs, tiles))

    def _settled(self) -> Iterator[Proposal]:
        """Whole masks at once, cut ones when no tile is left that could hold their rest."""
        still = []
        for piece in self._waiting:
            ahead = any(tile.meets(own) for tile in self._left for own in piece.tiles)
            if piece.cut and ahead:
                still.append(piece)
            elif not piece.cut or not self._is_remnant(piece):
                self._given.append(piece)
                yield _finished(piece)
        self._waiting = still
        self._given = [
            piece for piece in self._given if any(tile.meets(own) for tile in self._left for own in piece.tiles)
        ]

    def _is_remnant(self, piece: Piece) -> bool:
        """Whether a mask of one tile, matched by nothing, lies mostly where its neighbours looked too."""
        (own, *others) = piece.tiles
        if others:
            return False
        seen = [tile.of(piece.runs) for tile in self._tiles if tile != own and tile.meets(own)]
        return bool(seen) and seen[0].union(seen[1:]).area > BULK * piece.runs.area


def _seen(runs: Runs, windows: tuple[Tile, ...]) -> Runs:
    """What of a mask lies in the windows that two tiles share."""
    parts = [window.of(runs) for window in windows if _meets(runs.box, window)]
    return parts[0].union(parts[1:]) if parts else Runs(runs.size, runs.starts[:0], runs.ends[:0])


def _likeness(piece: Piece, ours: Runs, other: Piece, theirs: Runs) -> float:
    """IoU within what both saw; 0 when one is whole and most of the other lies where the first could not be seen."""
    if not piece.cut and theirs.area < BULK * other.runs.area:
        return 0.0
    if not other.cut and ours.area < BULK * piece.runs.area:
        return 0.0
    joint = ours.shared(theirs)
    return joint / (ours.area + theirs.area - joint)


def _finished(piece: Piece) -> Proposal:
    named = piece.proposal.placed(piece.runs.to_rle(), piece.runs.box)
    named.id = str(uuid.uuid4()) if len(piece.tiles) > 1 else named.id
    return named


def _meets(box: Box, tile: Tile) -> bool:
    return box[0] < tile.right and tile.left < box[2] and box[1] < tile.bottom and tile.top < box[3]


def _overlap(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
