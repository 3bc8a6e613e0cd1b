"""Everything in an image too large to be searched at once."""

from collections.abc import Iterator
from typing import Protocol

from semsam_annotate.api import (
    AutoSettings,
    CancelToken,
    Embedding,
    EngineInfo,
    Progress,
    Proposal,
    RgbImage,
    Tree,
    Vocabulary,
)
from semsam_annotate.api.runs import Runs
from semsam_annotate.automatic.overlaps import Overlaps
from semsam_annotate.automatic.overview import Overview
from semsam_annotate.automatic.source import PixelSource, RgbSource
from semsam_annotate.automatic.stitch import Stitcher
from semsam_annotate.automatic.tiles import TileSettings, tiles_of
from semsam_annotate.automatic.tree import arrange


class Searcher(Protocol):
    """The part of an engine that tiles need."""

    @property
    def info(self) -> EngineInfo:
        """What the engine is."""
        ...

    def encode(self, image: RgbImage, cancel: CancelToken | None = None) -> Embedding:
        """Encode (H, W, 3) uint8 RGB."""
        ...

    def auto(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Tree:
        """Everything in the image."""
        ...


def auto_tiled(
    engine: Searcher,
    source: PixelSource | RgbSource,
    vocabulary: Vocabulary | None = None,
    settings: AutoSettings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    tiles: TileSettings | None = None,
) -> Tree:
    """The tree of a large image, of up to 2^31 pixels.

    Tiles are read, encoded and searched one at a time; what edges cut is joined; objects larger than the overlap of
    the tiles are also looked for in an overview of the whole image. ``source``: see ``PixelSource``; other than 8-bit
    pixels are scaled as ``RgbSource.of`` does unless that was done before. ``progress``: tiles done, tiles in all.
    Memory holds a tile, the engine's caches and the masks found, as run lengths. Raises ``Cancelled``.
    """
    wanted = settings or AutoSettings()
    proposals = list(stream_tiled(engine, source, vocabulary, wanted, progress, cancel, tiles))
    overlaps = Overlaps.of_runs([Runs.from_rle(proposal.rle) for proposal in proposals])
    return arrange(proposals, overlaps, wanted, engine.info.capabilities)


def stream_tiled(
    engine: Searcher,
    source: PixelSource | RgbSource,
    vocabulary: Vocabulary | None = None,
    settings: AutoSettings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    tiles: TileSettings | None = None,
) -> Iterator[Proposal]:
    """The masks of ``auto_tiled`` as soon as no later tile can change them, before siblings are compared."""
    rgb = source if isinstance(source, RgbSource) else RgbSource.of(source)
    view = _View(engine, vocabulary, settings or AutoSettings(), cancel)
    layout = tiles or TileSettings()
    places = tiles_of(rgb.size, layout)
    overview, stitcher, large = Overview(rgb.size, layout.side), Stitcher(rgb.size, places), []
    report = progress or (lambda done, total: None)
    for number, tile in enumerate(places):
        pixels = rgb.read(tile.top, tile.left, tile.bottom, tile.right)
        overview.add(tile, pixels)
        for proposal in stitcher.add(tile, view.search(pixels)):
            large += [proposal] if _longer_side(proposal) > layout.overlap else []
            yield proposal
        report(number + 1, len(places) + (len(places) > 1))
    if len(places) > 1:
        yield from _coarse(view, overview, layout, large)
        report(len(places) + 1, len(places) + 1)


class _View:
    """Searches one picture after the other."""

    def __init__(
        self, engine: Searcher, vocabulary: Vocabulary | None, settings: AutoSettings, cancel: CancelToken | None
    ) -> None:
        self.engine, self.vocabulary, self.settings, self.cancel = engine, vocabulary, settings, cancel

    def search(self, pixels: RgbImage) -> list[Proposal]:
        if self.cancel is not None:
            self.cancel.check()
        embedding = self.engine.encode(pixels, cancel=self.cancel)
        tree = self.engine.auto(embedding, self.vocabulary, self.settings, cancel=self.cancel)
        return [node.proposal for node in tree]


def _coarse(view: _View, overview: Overview, layout: TileSettings, large: list[Proposal]) -> Iterator[Proposal]:
    """Objects that no tile holds whole, from the overview, unless stitching has them."""
    known = [Runs.from_rle(proposal.rle) for proposal in large]
    for found in view.search(overview.rgb()):
        proposal = overview.enlarge(found)
        if _longer_side(proposal) > layout.overlap:
            runs = Runs.from_rle(proposal.rle)
            if not any(_iou(runs, other) > view.settings.same for other in known):
                yield proposal


def _longer_side(proposal: Proposal) -> float:
    x0, y0, x1, y1 = proposal.box
    return max(x1 - x0, y1 - y0)


def _iou(first: Runs, second: Runs) -> float:
    if min(first.area, second.area) == 0:
        return 0.0
    joint = first.shared(second)
    return joint / (first.area + second.area - joint)
