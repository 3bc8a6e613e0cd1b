"""A sheet of annotated images, to see at a glance whether masks and names are right."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from semsam_annotate.api import BadInput, Mask, RgbImage
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers import DataSet
from semsam_annotate.training.data.record import PART, TrainingImage

TILE, COLUMNS, GAP, LINE = 320, 4, 12, 18
INK, PAPER, BOX = (28, 32, 38), (255, 255, 255), (255, 196, 0)

Overlay = Callable[[RgbImage, Sequence[tuple[str, Mask]]], Image.Image]
"""Draws named masks over an image."""


def write_contact_sheet(data: DataSet, path: Path, overlay: Overlay, count: int = 12) -> int:
    """Write a PNG of up to ``count`` images spread over the data set; how many are on it, 0: nothing was written."""
    tiles = [tile(entry, sample, overlay) for entry, sample in _drawn(data, count)]
    if not tiles:
        return 0
    partial = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.part")
    try:
        _grid(tiles).save(partial, "PNG", optimize=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return len(tiles)


def tile(entry: ImageEntry, sample: TrainingImage, overlay: Overlay) -> Image.Image:
    """One image with its masks tinted and named, boxes without outline as frames, its name below."""
    named = [
        (sample.parts[row] or "" if sample.kinds[row] == PART else sample.objects[row] or "", mask)
        for row, mask in enumerate(sample.masks)
    ]
    boxed = sample.box_only
    picture = overlay(sample.image, [pair for pair, box in zip(named, boxed, strict=True) if not box])
    draw = ImageDraw.Draw(picture)
    for (name, mask), box in zip(named, boxed, strict=True):
        if box:
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            corner = int(columns[0]), int(rows[0])
            draw.rectangle((*corner, int(columns[-1]), int(rows[-1])), outline=BOX, width=2)
            draw.text((corner[0] + 3, corner[1] + 2), name, BOX, stroke_width=1, stroke_fill="black")
    framed = Image.new("RGB", (TILE, picture.height + 2 * LINE), PAPER)
    framed.paste(picture, ((TILE - picture.width) // 2, 0))
    told = (entry.path.name[-40:], f"{len(sample)} masks, {int((sample.parents >= 0).sum())} with a parent")
    for number, text in enumerate(told):
        ImageDraw.Draw(framed).text((2, picture.height + 1 + number * LINE), text, INK, ImageFont.load_default(13))
    return framed


def _drawn(data: DataSet, count: int) -> Iterator[tuple[ImageEntry, TrainingImage]]:
    """Images spread over the set, each the first from its place on that can be drawn."""
    edges = np.linspace(0, len(data), min(count, len(data)) + 1).astype(int)
    for first, last in pairwise(edges):
        found = next(filter(None, (_loaded(data, index) for index in range(first, min(last, first + 20)))), None)
        if found is not None:
            yield found


def _loaded(data: DataSet, index: int) -> tuple[ImageEntry, TrainingImage] | None:
    try:
        entry = data.entry(index)
        sample = entry.load(TILE) if len(entry) else None
    except BadInput:
        return None  # told by the check
    return None if sample is None or not len(sample) else (entry, sample)


def _grid(tiles: Sequence[Image.Image]) -> Image.Image:
    rows = [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]
    heights = [max(item.height for item in row) for row in rows]
    width = GAP + min(len(tiles), COLUMNS) * (TILE + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(heights) + GAP * len(rows)), PAPER)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, item in enumerate(row):
            sheet.paste(item, (GAP + column * (TILE + GAP), top))
        top += height + GAP
    return sheet
