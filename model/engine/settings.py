"""Settings of an engine on this machine."""

from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.model.engine.refinement import Method


@dataclass(frozen=True)
class EngineSettings:
    """``cleaning``: fill small holes and drop small islands. ``memory_bytes``, ``disk_bytes``: bounds of the caches.

    ``cache_folder``: where features are kept between runs, None for nowhere. ``refinement``: how several hints at once
    are answered (``refinement``); "rule" treats any network as one that was trained on single clicks, and is what such
    networks always get. ``prototypes_folder``: where names are remembered, None: in RAM, as long as the engine.
    """

    cleaning: bool = True
    memory_bytes: int = 1 << 30
    disk_bytes: int = 2 << 30
    cache_folder: Path | None = None
    refinement: Method = "network"
    prototypes_folder: Path | None = None
