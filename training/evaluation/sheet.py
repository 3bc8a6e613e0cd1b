"""A picture for people: photos with their clicks, and beside each every rung of its ladder with score and labels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation

from semsam_annotate.api import BadInput, Ladder, Mask, Prompt, Proposal, RgbImage
from semsam_annotate.api.proposal import Labels

TILE = 232
"""Longest side of a picture in pixels."""

GAP, MARGIN, HEADER, LINE = 14, 26, 46, 19
LINES = 3
MOST_RUNGS = 6

INK, FAINT, PAPER, LINE_COLOUR = (28, 32, 38), (118, 126, 138), (255, 255, 255), (226, 229, 234)
POSITIVE, NEGATIVE = (22, 163, 74), (220, 38, 38)
LEVEL_COLOURS = ((124, 58, 237), (37, 99, 235), (8, 145, 178), (22, 163, 74), (234, 138, 0), (225, 29, 72))
"""Of level 1 (coarsest) to 6 (finest): from violet to red."""


@dataclass(frozen=True)
class SheetRow:
    """One click to show: ``image`` (H, W, 3) uint8 RGB, its prompt, the ladder it got, a title such as a file name."""

    image: RgbImage
    prompt: Prompt
    ladder: Ladder
    title: str = ""


def draw_sheet(rows: Sequence[SheetRow], path: Path, heading: str = "") -> None:
    """Write the sheet as PNG, one row a click, smallest mask first; the proposal with the best score is framed.

    Raises BadInput without rows.
    """
    if not rows:
        raise BadInput("a sheet of ladders needs at least one ladder")
    partial = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.part")
    try:
        render_sheet(rows, heading).save(partial, "PNG", optimize=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def render_sheet(rows: Sequence[SheetRow], heading: str = "") -> Image.Image:
    """The sheet as an RGB picture."""
    columns = 1 + max(len(row.ladder) for row in rows)
    heights = [max(1, round(row.image.shape[0] * _scale(row.image))) + LINES * LINE + 2 * GAP for row in rows]
    top = MARGIN + (HEADER if heading else 0)
    sheet = Image.new("RGB", (2 * MARGIN + columns * (TILE + GAP) - GAP, top + sum(heights) + MARGIN - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    if heading:
        draw.text((MARGIN, MARGIN - 6), heading, INK, font=_font(24))
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if number:
            draw.line((MARGIN, top - GAP, sheet.width - MARGIN, top - GAP), LINE_COLOUR)
        _draw_row(sheet, row, top)
        top += height
    return sheet


def paint(image: RgbImage, mask: Mask, colour: tuple[int, int, int]) -> RgbImage:
    """(H, W, 3) uint8: the mask in colour with an outline, everything else faded so that the mask stands out."""
    grey = image.mean(axis=2, keepdims=True)
    faded = 0.55 * (0.5 * image + 0.5 * grey) + 0.45 * 255
    tinted = 0.58 * image + 0.42 * np.array(colour)
    painted = np.where(mask[..., None], tinted, faded)
    painted[binary_dilation(mask, iterations=1) & ~mask] = colour
    return np.asarray(painted.round(), dtype=np.uint8)


def _draw_row(sheet: Image.Image, row: SheetRow, top: int) -> None:
    size = _tile_size(row.image)
    small = np.asarray(Image.fromarray(row.image).resize(size, Image.Resampling.LANCZOS))
    _place(sheet, small, row, MARGIN, top, radius=5)
    shape = f"{row.image.shape[1]} x {row.image.shape[0]} px"
    _write(sheet, MARGIN, top + size[1], [(row.title or "photo", INK), (_clicks(row.prompt), FAINT), (shape, FAINT)])
    for number, proposal in enumerate(row.ladder, start=1):
        left = MARGIN + number * (TILE + GAP)
        colour = LEVEL_COLOURS[min(max(proposal.level, 1), MOST_RUNGS) - 1]
        reduced = Image.fromarray(proposal.mask).convert("L").resize(size, Image.Resampling.BOX)
        _place(sheet, paint(small, np.asarray(reduced) > 127, colour), row, left, top, radius=2)
        if proposal is row.ladder.best:
            box = (left - 3, top - 3, left + size[0] + 2, top + size[1] + 2)
            ImageDraw.Draw(sheet).rectangle(box, outline=INK, width=2)
        _write(sheet, left, top + size[1], _caption(proposal, proposal is row.ladder.best, colour))


def _caption(proposal: Proposal, best: bool, colour: tuple[int, int, int]) -> list[tuple[str, tuple[int, int, int]]]:
    mark = "  best" if best else ""
    lines = [(f"level {proposal.level}   {100 * proposal.score:.0f} %{mark}", colour)]
    object_name, part_name = _label(proposal.object_labels), _label(proposal.part_labels)
    as_part = f"{100 * proposal.part_probability:.0f} % a part: {part_name}" if part_name else ""
    named = [text for text in (object_name, as_part) if text]
    return lines + [(text, INK) for text in named or [f"{proposal.area:,} px"]]


def _label(labels: Labels | list[tuple[str, float]]) -> str:
    return f"{100 * labels[0][1]:.0f} % {labels[0][0]}" if labels else ""


def _clicks(prompt: Prompt) -> str:
    points = ", ".join(
        f"{'' if label else 'not '}({x:g}, {y:g})" for (x, y), label in zip(prompt.points, prompt.labels, strict=True)
    )
    return f"click {points}" if points else "box"


def _place(sheet: Image.Image, picture: RgbImage, row: SheetRow, left: int, top: int, radius: float) -> None:
    """Paste a picture and draw the prompt on it, clicks as dots of ``radius`` pixels."""
    sheet.paste(Image.fromarray(picture), (left, top))
    draw = ImageDraw.Draw(sheet)
    across, down = picture.shape[1] / row.image.shape[1], picture.shape[0] / row.image.shape[0]
    if row.prompt.box is not None:
        x0, y0, x1, y1 = row.prompt.box
        draw.rectangle((left + x0 * across, top + y0 * down, left + x1 * across, top + y1 * down), outline=POSITIVE)
    for (x, y), label in zip(row.prompt.points, row.prompt.labels, strict=True):
        centre = (left + (x + 0.5) * across, top + (y + 0.5) * down)
        draw.circle(centre, radius + 1.5, fill=PAPER)
        draw.circle(centre, radius, fill=POSITIVE if label else NEGATIVE)


def _write(sheet: Image.Image, left: int, top: int, lines: Sequence[tuple[str, tuple[int, int, int]]]) -> None:
    draw, font = ImageDraw.Draw(sheet), _font(14)
    for number, (text, colour) in enumerate(lines[:LINES]):
        shown = text
        while font.getlength(shown) > TILE and len(shown) > 2:
            shown = shown[:-2] + "…"
        draw.text((left, top + 5 + number * LINE), shown, colour, font=font)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _scale(image: RgbImage) -> float:
    return float(TILE / max(image.shape[:2]))


def _tile_size(image: RgbImage) -> tuple[int, int]:
    return max(1, round(image.shape[1] * _scale(image))), max(1, round(image.shape[0] * _scale(image)))
