"""What one click measured: one row, all that the metrics and the comparison of two runs need."""

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import kendalltau

from semsam_annotate.api import BadInput, Ladder
from semsam_annotate.api.prompt import Box
from semsam_annotate.api.proposal import Labels
from semsam_annotate.training.evaluation.sample import TruthMask

CLICK, BOX = "click", "box"
PROMPTS = (CLICK, BOX)
"""What a mask is asked for with: its innermost pixel, or its bounding box."""

MERGED = 0.9
"""Ground truth with a larger IoU is one granularity."""

RUNGS = 6
"""The most granularities that a ladder can hold."""

NOT_LISTED = -1

DIGITS = 5
"""Of a number in a row, which holds dozens."""

Ious: TypeAlias = NDArray[np.float64]


class Rung(NamedTuple):
    """One proposal of a ladder: ``level`` 1 coarsest … 6 finest, predicted IoU ``score``, both IoUs 0..1.

    ``iou``: with the mask that was asked for. ``fit``: with whichever granularity of G it fits best.
    """

    level: int
    score: float
    iou: float
    fit: float


@dataclass(frozen=True)
class ClickRow:
    """One click on one ground-truth mask, or one box around it. IoUs are 0..1.

    ``mask``: annotation id. ``click``: (x, y), the mask's innermost pixel, also where a box asks. ``max``:
    IoU of the proposal with the best score; ``oracle``: the best
    of the ladder; ``all``: matched IoU over the ``granularities`` (|G|) under the click. ``tau``: Kendall's τ between
    level and area (−1: finer levels are always smaller), None where undefined. ``object``, ``part``: true names.
    ``object_rank``, ``part_rank``: place of the true name in the oracle proposal's labels from 0, −1 not among them,
    None when the engine gave no such labels. ``later``: IoU of the proposal with the best score after the second,
    third … click, each one corrective; empty when only one was made. ``dataset``: which file it is from.
    ``prompt``: "click" or "box", then with the ``box`` asked. ``granularity``: place of the mask among G, 1 the
    largest. ``rungs``: every proposal, smallest first. ``scene``: as in ``SampleImage``.
    """

    image: str
    mask: int
    is_part: bool
    area: int
    click: tuple[int, int]
    max: float
    oracle: float
    all: float
    granularities: int
    length: int
    tau: float | None
    object: str | None = None
    part: str | None = None
    object_rank: int | None = None
    part_rank: int | None = None
    later: tuple[float, ...] = ()
    dataset: str = ""
    prompt: str = CLICK
    box: Box | None = None
    granularity: int = 1
    rungs: tuple[Rung, ...] = ()
    scene: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The image it is on, over all data sets."""
        return self.dataset, self.image

    @property
    def group(self) -> tuple[str, str]:
        """What is resampled as a whole: the image, with all frames of its sequence, which tell nothing of their own."""
        return self.dataset, self.scene or self.image

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What was asked, the same in every run on the same sample."""
        return self.dataset, self.image, self.mask, self.prompt

    @property
    def corrected(self) -> float | None:
        """IoU after the second click, None when only one was made."""
        return self.after(2)

    def after(self, clicks: int) -> float | None:
        """IoU of the proposal with the best score after so many clicks, None when fewer were made."""
        made = (self.max, *self.later)
        return made[clicks - 1] if clicks <= len(made) else None

    def clicks_to(self, iou: float, most: int) -> int | None:
        """Clicks until ``iou`` is reached, ``most`` when it never is (NoC@iou); None when fewer were made."""
        made = (self.max, *self.later)
        if len(made) < most:
            return None
        return next((number for number, value in enumerate(made[:most], 1) if value >= iou), most)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, without the fields that are as they are when left out."""
        listed = {"click": list(self.click), "later": list(self.later), "rungs": [list(rung) for rung in self.rungs]}
        value = {**asdict(self), **listed, "box": None if self.box is None else list(self.box)}
        usual = {field.name: _plain(field.default) for field in fields(self)}
        return {name: one for name, one in value.items() if one != usual[name]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ClickRow":
        """Back from ``to_json``, also of an earlier version; BadInput when a field is missing or unknown."""
        names = {field.name for field in fields(cls)}
        needed = {field.name for field in fields(cls) if field.default is MISSING}
        if not isinstance(value, dict) or not needed <= value.keys() <= names:
            raise BadInput(f"a row of an evaluation has the fields {', '.join(sorted(names))}")
        try:
            x, y = value["click"]
            later = tuple(float(iou) for iou in value.get("later", ()))
            rungs = tuple(Rung(int(rung[0]), *map(float, rung[1:])) for rung in value.get("rungs", ()))
            box = None if value.get("box") is None else _box(value["box"])
            return cls(**{**value, "click": (int(x), int(y)), "later": later, "rungs": rungs, "box": box})
        except (TypeError, ValueError, IndexError) as error:
            raise BadInput(f"a row of an evaluation is damaged: {error}") from error


def _plain(value: Any) -> Any:
    return [] if value == () else value


def _box(value: Any) -> Box:
    x0, y0, x1, y1 = (float(edge) for edge in value)
    return x0, y0, x1, y1


def granularities(under_click: list[int], truth_ious: Ious) -> list[int]:
    """G: of the masks ``under_click`` (indices in id order), those not within IoU 0.9 of one already taken.

    truth_ious: (T, T) IoU of every ground-truth mask of the image with every other.
    """
    taken: list[int] = []
    for index in under_click:
        if all(truth_ious[index, other] <= MERGED for other in taken):
            taken.append(index)
    return taken


def all_granularity(ious: Ious) -> float:
    """1-IoU@All-Granularity of a (rungs, |G|) IoU matrix: Hungarian match, summed IoU / min(6, |G|)."""
    rungs, truths = linear_sum_assignment(ious, maximize=True)
    return float(ious[rungs, truths].sum() / min(RUNGS, ious.shape[1]))


def level_order(ladder: Ladder) -> float | None:
    """Kendall's τ (b) between level and area of a ladder; None where all levels or all areas are equal."""
    levels, areas = [proposal.level for proposal in ladder], [proposal.area for proposal in ladder]
    if len(set(levels)) < 2 or len(set(areas)) < 2:
        return None
    return float(kendalltau(levels, areas).statistic)


def label_rank(labels: Labels | list[tuple[str, float]], name: str | None) -> int | None:
    """Place of ``name`` in labels, best first, from 0; NOT_LISTED when it is not there; None without labels or name."""
    if name is None or not labels:
        return None
    names = [label for label, _ in labels]
    return names.index(name) if name in names else NOT_LISTED


def measure(
    image: str, truth: TruthMask, area: int, click: tuple[int, int], ladder: Ladder, own: Ious, group: Ious
) -> ClickRow:
    """The row of one click: ``own`` (rungs,) IoU with the clicked mask, ``group`` (rungs, |G|) with all under it."""
    best = max(range(len(ladder)), key=lambda rung: ladder[rung].score)
    oracle = ladder[int(own.argmax())]
    return ClickRow(
        image=image,
        mask=truth.id,
        is_part=truth.is_part,
        area=area,
        click=click,
        max=float(own[best]),
        oracle=float(own.max()),
        all=all_granularity(group),
        granularities=group.shape[1],
        length=len(ladder),
        tau=level_order(ladder),
        object=truth.object,
        part=truth.part,
        object_rank=label_rank(oracle.object_labels, truth.object),
        part_rank=label_rank(oracle.part_labels, truth.part),
        rungs=tuple(
            Rung(proposal.level, *(round(float(value), DIGITS) for value in (proposal.score, iou, fit)))
            for proposal, iou, fit in zip(ladder, own, group.max(axis=1), strict=True)
        ),
    )
