"""The best, the median and the worst masks of a run as pictures: meant, answered, and on offer."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation

from semsam_annotate.annotations import read_image
from semsam_annotate.api import CancelToken, Ladder, Mask, Prompt, Proposal, RgbImage
from semsam_annotate.training.evaluation.asking import prompts_of, tight_box
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.evaluation.run import Progress, Proposer
from semsam_annotate.training.evaluation.sample import EvaluationSample, SampleImage
from semsam_annotate.training.evaluation.sheet import LEVEL_COLOURS, NEGATIVE, PAPER, POSITIVE, paint

SIDE = 300
"""Longest side of a picture in pixels."""

LEAST = 96
"""Pixels of the image that a picture shows at least."""

EACH = 6
MEANT = (234, 138, 0)
View = tuple[int, int, int, int]
"""What a picture shows: left, top, right, bottom in pixels of the image, the last two exclusive."""


@dataclass(frozen=True)
class Picture:
    """One mask: its row, and JPEG files of the photo with the true outline, the best-scored and the best proposal."""

    row: ClickRow
    truth: bytes
    chosen: bytes
    oracle: bytes
    chosen_level: int
    chosen_score: float
    oracle_level: int


def picked(rows: Sequence[ClickRow], each: int = EACH) -> dict[str, list[ClickRow]]:
    """The ``best``, ``median`` and ``worst`` rows by IoU of the proposal with the best score, at most one an image.

    No row is in two lists; the better lists are filled first when there are few.
    """
    ranked = sorted(rows, key=lambda row: (-row.max, row.key))
    taken: set[tuple[str, str, int, str]] = set()
    found = {}
    for name, order in (("best", ranked), ("median", _around(ranked)), ("worst", ranked[::-1])):
        found[name] = _first(order, each, taken)
        taken |= {row.key for row in found[name]}
    return found


def draw_pictures(
    engine: Proposer,
    samples: Mapping[str, EvaluationSample],
    result: EvaluationResult,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    each: int = EACH,
) -> dict[str, list[Picture]]:
    """Ask the engine once more for ``each`` of the picked masks, first prompt only, and draw them. ``samples``: by data
    set."""
    chosen = picked(result.rows, each)
    images = {(name, image.name): image for name, sample in samples.items() for image in sample.images}
    total, done = sum(map(len, chosen.values())), 0
    found: dict[str, list[Picture]] = {}
    for name, rows in chosen.items():
        found[name] = []
        for row in rows:
            if cancel is not None:
                cancel.check()
            found[name].append(_picture(engine, images[row.place], row))
            done += 1
            if progress is not None:
                progress(done, total)
    return found


def _picture(engine: Proposer, image: SampleImage, row: ClickRow) -> Picture:
    rgb = read_image(image.path)
    truth = next(one for one in image.truths if one.id == row.mask).mask()
    prompt = prompts_of(row.prompt, [truth])[0]
    ladder = engine.propose_many(engine.encode(rgb), [prompt])[0]
    oracle = best_fit(ladder, truth)
    view = view_around(truth | ladder.best.mask | oracle.mask)
    return Picture(
        row=row,
        truth=_jpeg(outlined(rgb, truth, view), prompt, view),
        chosen=_jpeg(_painted(rgb, ladder.best), prompt, view),
        oracle=_jpeg(_painted(rgb, oracle), prompt, view),
        chosen_level=ladder.best.level,
        chosen_score=ladder.best.score,
        oracle_level=oracle.level,
    )


def best_fit(ladder: Ladder, truth: Mask) -> Proposal:
    """The proposal with the best IoU with the true mask."""
    return max(ladder, key=lambda one: np.count_nonzero(one.mask & truth) / np.count_nonzero(one.mask | truth))


def _painted(rgb: RgbImage, proposal: Proposal) -> RgbImage:
    return paint(rgb, proposal.mask, LEVEL_COLOURS[min(max(proposal.level, 1), len(LEVEL_COLOURS)) - 1])


def view_around(masks: Mask) -> View:
    """The square around the masks with a third of their size as margin, as far as the image goes."""
    x0, y0, x1, y1 = tight_box(masks)
    half = max((x1 - x0) * 2 / 3, (y1 - y0) * 2 / 3, LEAST / 2)
    across, down = (x0 + x1) / 2, (y0 + y1) / 2
    height, width = masks.shape
    left, top = max(0, round(across - half)), max(0, round(down - half))
    return left, top, min(width, round(across + half)), min(height, round(down + half))


def outlined(rgb: RgbImage, mask: Mask, view: View, colour: tuple[int, int, int] = MEANT) -> RgbImage:
    """The photo with the mask's outline, about two pixels wide in the picture."""
    wide = max(1, round(2 / _scale(view)))
    drawn = rgb.copy()
    drawn[binary_dilation(mask, iterations=wide) & ~mask] = colour
    return drawn


def framed(rgb: RgbImage, prompt: Prompt, view: View) -> Image.Image:
    """The view of the picture at ``SIDE`` with the prompt on it."""
    left, top, right, bottom = view
    scale = _scale(view)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    picture = Image.fromarray(rgb[top:bottom, left:right]).resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    if prompt.box is not None:
        x0, y0, x1, y1 = prompt.box
        corners = ((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
        draw.rectangle(corners, outline=POSITIVE, width=2)
    for (x, y), label in zip(prompt.points, prompt.labels, strict=True):
        centre = ((x + 0.5 - left) * scale, (y + 0.5 - top) * scale)
        draw.circle(centre, 5.5, fill=PAPER)
        draw.circle(centre, 4, fill=POSITIVE if label else NEGATIVE)
    return picture


def _jpeg(rgb: RgbImage, prompt: Prompt, view: View) -> bytes:
    out = io.BytesIO()
    framed(rgb, prompt, view).save(out, "JPEG", quality=85)
    return out.getvalue()


def _scale(view: View) -> float:
    return SIDE / max(view[2] - view[0], view[3] - view[1])


def _around(ranked: Sequence[ClickRow]) -> list[ClickRow]:
    """Ranked rows from the middle outwards."""
    middle = (len(ranked) - 1) / 2
    return [ranked[place] for place in sorted(range(len(ranked)), key=lambda place: (abs(place - middle), place))]


def _first(order: Sequence[ClickRow], each: int, taken: set[tuple[str, str, int, str]]) -> list[ClickRow]:
    """The first of an order on different images; on the same again when there are too few images."""
    free = [row for row in order if row.key not in taken]
    firsts: dict[tuple[str, str], ClickRow] = {}
    for row in free:
        firsts.setdefault(row.place, row)
    fresh = list(firsts.values())[:each]
    keys = {row.key for row in fresh}
    return fresh + [row for row in free if row.key not in keys][: each - len(fresh)]
