"""Everything in an image, whichever engine answers: trees of what holds what, tiles of large images, stitching."""

from semsam_annotate.automatic.overlaps import Overlaps
from semsam_annotate.automatic.source import PixelSource, RgbSource
from semsam_annotate.automatic.tiled import auto_tiled, stream_tiled
from semsam_annotate.automatic.tiles import TileSettings
from semsam_annotate.automatic.tree import arrange

__all__ = ["Overlaps", "PixelSource", "RgbSource", "TileSettings", "arrange", "auto_tiled", "stream_tiled"]
