"""Masks of held-back photos before and after: some that gained most, some that lost most, some in between."""

from collections.abc import Sequence
from pathlib import Path

from semsam_annotate.annotations import read_image
from semsam_annotate.annotations.retraining.writer import RunWriter
from semsam_annotate.api import Mask, Prompt, Proposal, RgbImage
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.training.evaluation.metrics import paired_rows
from semsam_annotate.training.evaluation.pictures import best_fit, framed, outlined, view_around
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.evaluation.sample import EvaluationSample
from semsam_annotate.training.evaluation.sheet import INK, paint

ANSWER = (37, 99, 235)
Pair = tuple[ClickRow, ClickRow]
"""The same click on the new and on the old model."""


def draw_before_after(
    weights: tuple[Path, Path],
    results: tuple[EvaluationResult, EvaluationResult],
    sample: EvaluationSample,
    run: RunWriter,
    most: int,
) -> None:
    """Draw at most ``most`` clicks, one a photo, into the run's folder; ``weights``, ``results``: old, new.

    The best mask of each ladder is blue, the outline of the true one black, the click a dot: what the gate compares.
    """
    pairs = spread(paired_rows(results[1], results[0]), most)
    if not pairs:
        return
    images = {image.name: image for image in sample.images}
    clicks = [Prompt(points=[new.click]) for new, _ in pairs]
    photos = [read_image(images[new.image].path) for new, _ in pairs]
    truths = [next(one for one in images[new.image].truths if one.id == new.mask).mask() for new, _ in pairs]
    before, after = (_best(path, photos, clicks, truths) for path in weights)
    rows = []
    for number, (new, old) in enumerate(pairs, 1):
        at = number - 1
        view = view_around(truths[at] | before[at].mask | after[at].mask)
        files = {}
        for name, shown in (("before", before[at]), ("after", after[at])):
            files[name] = f"{number}-{name}.png"
            picture = outlined(paint(photos[at], shown.mask, ANSWER), truths[at], view, INK)
            framed(picture, clicks[at], view).save(run.pictures / files[name], "PNG")
        rows.append({"name": _name(new), **files, "old": round(old.oracle, 4), "new": round(new.oracle, 4)})
    run.drew(rows)


def spread(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """A third of those that gained most, that lost most, in the middle; one a photo, the largest gain first."""
    ranked = sorted(pairs, key=lambda pair: (pair[0].oracle - pair[1].oracle, pair[0].key), reverse=True)
    middle = sorted(range(len(ranked)), key=lambda place: abs(2 * place - len(ranked) + 1))
    orders = (ranked, ranked[::-1], [ranked[place] for place in middle])
    taken: dict[tuple[str, str], Pair] = {}
    for turn in range(most):
        free = (pair for pair in orders[turn % len(orders)] if pair[0].place not in taken)
        found = next(free, None)
        if found is not None:
            taken[found[0].place] = found
    return [pair for pair in ranked if any(pair is one for one in taken.values())]


def _best(
    weights: Path, photos: Sequence[RgbImage], clicks: Sequence[Prompt], truths: Sequence[Mask]
) -> list[Proposal]:
    model = LoadedModel.read(weights, "auto")
    engine = LocalEngine(lambda: model)
    asked = zip(photos, clicks, truths, strict=True)
    return [best_fit(engine.propose(engine.encode(photo), click), truth) for photo, click, truth in asked]


def _name(row: ClickRow) -> str:
    return " of ".join(name for name in (row.part, row.object) if name) or "without a name"
