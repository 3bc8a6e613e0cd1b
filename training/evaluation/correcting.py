"""Corrective clicks one after the other, as an annotator makes them, and the IoU after each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from semsam_annotate.api import Ladder, Mask, Prompt, Proposal
from semsam_annotate.training.evaluation.clicks import correction_click
from semsam_annotate.training.evaluation.rows import DIGITS

MOST_CLICKS = 20
Ask = Callable[[Sequence[Prompt]], list[Ladder]]


@dataclass
class _Task:
    """One mask that is being clicked."""

    truth: Mask
    first: Prompt
    shown: Proposal
    clicks: list[tuple[int, int]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    later: list[float] = field(default_factory=list)

    def point(self) -> bool:
        """Add the click that corrects what is shown; False when nothing is wrong."""
        found = correction_click(self.shown.mask, self.truth)
        if found is not None:
            self.clicks.append(found[0])
            self.labels.append(found[1])
        return found is not None

    def prompt(self, with_mask: bool) -> Prompt:
        points, labels = (*self.first.points, *self.clicks), (*self.first.labels, *self.labels)
        return Prompt(points, labels, box=self.first.box, mask=self.shown.rle if with_mask else None)


def refine(
    ask: Ask,
    truths: Sequence[Mask],
    prompts: Sequence[Prompt],
    ladders: Sequence[Ladder],
    clicks: int,
    with_mask: bool,
) -> list[tuple[float, ...]]:
    """For each (H, W) truth the IoU, 0..1, of the best proposal after click 2, 3 … ``clicks``.

    ``prompts``, ``ladders``: the first clicks or boxes and their answers. ``with_mask``: give the answer that a click
    corrects along with all clicks so far. A proposal without any error is kept.
    """
    tasks = [_Task(mask, first, ladder.best) for mask, first, ladder in zip(truths, prompts, ladders, strict=True)]
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
