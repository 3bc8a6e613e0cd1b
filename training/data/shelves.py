"""How often each image is drawn: images of one file and one source stand on a shelf, and are drawn alike.

So a draw costs the same among a hundred images and among millions, and an image costs eight bytes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.training.config import DataConfig
from semsam_annotate.training.data.source import ImageSource


@dataclass(frozen=True)
class Shelf:
    """``images`` (N,) numbers in ``file`` of one ``source``; ``share``: the chance that the shelf is drawn."""

    file: ImageSource
    source: str
    images: NDArray[np.int64]
    share: float


def fill_shelves(files: Sequence[ImageSource], config: DataConfig) -> list[Shelf]:
    """Sources by their shares or balanced, images of a source alike; the shares sum to one.

    Raises BadInput when the settings name a source that no file has.
    """
    found = [Shelf(file, source, images, 0.0) for file in files for source, images in _sorted(file).items()]
    if not found:
        return []
    counts: dict[str, int] = defaultdict(int)
    for one in found:
        counts[one.source] += len(one.images)
    shares = _source_shares(counts, config)
    weights = np.array([shares[one.source] * len(one.images) / counts[one.source] for one in found])
    first = np.array([one.file is files[0] for one in found])
    if config.focus and not first.all():
        weights[first] *= config.focus / weights[first].sum()
        weights[~first] *= (1 - config.focus) / weights[~first].sum()
    return [replace(one, share=float(share)) for one, share in zip(found, weights / weights.sum(), strict=True)]


def _sorted(file: ImageSource) -> dict[str, NDArray[np.int64]]:
    """Numbers of the images by their source."""
    rows: dict[str, list[int]] = defaultdict(list)
    for index in range(len(file)):
        rows[file.source(index)].append(index)
    return {source: np.array(images, np.int64) for source, images in sorted(rows.items())}


def _source_shares(counts: dict[str, int], config: DataConfig) -> dict[str, float]:
    if not config.sets:
        return {name: count**config.balance for name, count in counts.items()}
    for name in config.sets:
        if name not in counts:
            known = ", ".join(sorted(counts))
            raise BadInput(f"data.sets.{name}: no pack has images of that source; the packs have {known}")
    return {name: config.sets[name].share if name in config.sets else 0.0 for name in counts}
