"""Corrective clicks one after the other, as an annotator makes them, and the IoU after each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from semsam_annotate.api import Ladder, Mask, Prompt, Proposal
from semsam_annotate.training.evaluation.clicks import correction_click

MOST_CLICKS = 20
DIGITS = 5
"""Of an IoU; a row keeps twenty."""

Ask = Callable[[Sequence[Prompt]], list[Ladder]]


@dataclass
class _Task:
    """One mask that is being clicked."""

    truth: Mask
    clicks: list[tuple[int, int]]
    shown: Proposal
    labels: list[int] = field(default_factory=lambda: [1])
    later: list[float] = field(default_factory=list)

    def point(self) -> bool:
        """Add the click that corrects what is shown; False when nothing is wrong."""
        found = correction_click(self.shown.mask, self.truth)
        if found is not None:
            self.clicks.append(found[0])
            self.labels.append(found[1])
        return found is not None

    def prompt(self, with_mask: bool) -> Prompt:
        return Prompt(self.clicks, self.labels, mask=self.shown.rle if with_mask else None)


def refine(
    ask: Ask,
    truths: Sequence[Mask],
    points: Sequence[tuple[int, int]],
    ladders: Sequence[Ladder],
    clicks: int,
    with_mask: bool,
) -> list[tuple[float, ...]]:
    """For each (H, W) truth the IoU, 0..1, of the best proposal after click 2, 3 … ``clicks``.

    ``points`` (x, y), ``ladders``: the first clicks and their answers. ``with_mask``: give the answer that a click
    corrects along with all clicks so far. A proposal without any error is kept.
    """
    tasks = [_Task(mask, [point], ladder.best) for mask, point, ladder in zip(truths, points, ladders, strict=True)]
    for _ in range(clicks - 1):
        open_tasks = [task for task in tasks if task.point()]
        prompts = [task.prompt(with_mask) for task in open_tasks]
        for task, ladder in zip(open_tasks, ask(prompts) if prompts else [], strict=True):
            task.shown = ladder.best
        for task in tasks:
            task.later.append(_iou(task.shown.mask, task.truth))
    return [tuple(task.later) for task in tasks]


def _iou(first: Mask, second: Mask) -> float:
    joint, union = np.count_nonzero(first & second), np.count_nonzero(first | second)
    return round(joint / union, DIGITS) if union else 1.0
