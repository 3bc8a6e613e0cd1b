"""Masks accepted beforehand, as a person would have."""

from pathlib import Path
from typing import Any

import numpy as np
from gui_window import spots

from semsam_annotate.annotations import image_sha256, read_image
from semsam_annotate.api import Proposal
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.project_ledger import ProjectLedger


def fill(project: Path, photo: Path, count: int) -> None:
    """Accept ``count`` discs on a photo, as a person would have."""
    rgb = read_image(photo)
    ledger, key = ProjectLedger.open(project, [photo]), image_sha256(rgb)
    picture = Picture(rgb, rgb, key, key, photo.stem, photo)
    missing = count - len(ledger.masks(picture))
    height, width = rgb.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    named = []
    for number, (x, y) in enumerate(spots((width, height), max(missing, 0), seed=2)):
        mask = (columns - x) ** 2 + (rows - y) ** 2 <= (6 + number % 20) ** 2
        named.append((disc(number, mask), LabelChoice("disc", "")))
    if named:
        ledger.accept_all(picture, named, [])
    ledger.close()


def disc(number: int, mask: Any) -> Proposal:
    ys, xs = np.nonzero(mask)
    return Proposal(
        id=f"disc {number}",
        model="none",
        score=0.9,
        stability=0.9,
        level=4,
        box=(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1),
        mask=mask,
        part_probability=0.0,
    )
