"""One file of ``semsam auto``: its planes as RGB, searched whole or in tiles, with a record of what was done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semsam_annotate.annotations import image_sha256
from semsam_annotate.annotations.planes import Plane, read_planes
from semsam_annotate.api import AutoSettings, BadInput, Engine, Progress, Vocabulary
from semsam_annotate.api.pixels import to_rgb
from semsam_annotate.automatic import RgbSource, TileSettings, auto_tiled


@dataclass(frozen=True)
class Search:
    """What is searched for, and how pixels become RGB (see ``api.pixels``).

    Planes whose longer side is above ``tile_above`` pixels are searched in ``tiles``.
    """

    words: Vocabulary
    settings: AutoSettings
    tiles: TileSettings
    tile_above: int
    channels: tuple[int, ...] | None
    percentiles: tuple[float, float]

    def of(self, engine: Engine, path: Path, progress: Progress) -> list[dict[str, Any]]:
        """An entry for each plane of a file."""
        try:
            return [{"file": path.name, **self._plane(engine, plane, progress)} for plane in read_planes(path)]
        except BadInput as error:
            raise error if str(path) in str(error) else BadInput(f"{path}: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return {"settings": self.settings.to_json()}

    def _plane(self, engine: Engine, plane: Plane, progress: Progress) -> dict[str, Any]:
        height, width = plane.pixels.shape[:2]
        large = max(height, width) > self.tile_above
        found = self._large(engine, plane, progress) if large else self._whole(engine, plane, progress)
        return {"width": int(width), "height": int(height), "plane": list(plane.index), **found}

    def _whole(self, engine: Engine, plane: Plane, progress: Progress) -> dict[str, Any]:
        rgb, conversion = to_rgb(np.asarray(plane.pixels), self.channels, self.percentiles)
        tree = engine.auto(engine.encode(rgb), self.words, self.settings, progress)
        return {"sha256": image_sha256(rgb), "conversion": conversion.to_json(), "tile": None, "nodes": tree.to_json()}

    def _large(self, engine: Engine, plane: Plane, progress: Progress) -> dict[str, Any]:
        """No ``sha256``: it names pixels that are never together in memory."""
        source = RgbSource.of(plane.pixels, self.channels, self.percentiles)
        tree = auto_tiled(engine, source, self.words, self.settings, progress, tiles=self.tiles)
        record = {"sha256": None, "conversion": source.conversion.to_json(), "tile": self.tiles.side}
        return {**record, "nodes": tree.to_json()}
