"""What a run of the ablations is worth: one row a click on both validation sets, names judged alike for all heads.

A name is right when the whole of it is, "wheel of car", out of all that the set's masks are named: decoupled heads give
it the chance that the mask is a part, times that of its owner, times that of the part; a flat head its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from flat_names import OF, flat_name
from kept_rows import keep_rows

import semsam_annotate as semsam
from semsam_annotate.api import Ladder, Proposal, Vocabulary
from semsam_annotate.training.evaluation.asking import AskedImage, mask_ious, prompts_of
from semsam_annotate.training.evaluation.rows import CLICK, ClickRow
from semsam_annotate.training.evaluation.sample import EvaluationSample, TruthMask, read_sample

SETS = ("parts", "natural")
KEYS = ("max", "oracle", "all", "all_multi", "name")
MASKS = 5


def measure(weights: Path, flat: bool, data: Path, run: Path) -> None:
    """Write ``SET.rows.json`` into the folder ``run``, where it is not there yet."""
    for name in SETS:
        out = run / f"{name}.rows.json"
        if not out.exists():
            sample = read_sample(data / name / "val.json", data / name, masks_limit=MASKS)
            keep_rows(list(_rows(weights, flat, sample)), KEYS, out)


def _rows(weights: Path, flat: bool, sample: EvaluationSample) -> Any:
    engine = semsam.load_engine(str(weights), device="cpu")
    known = flat_names(sample)
    vocabulary = Vocabulary(known, []) if flat else sample.vocabulary
    for image in sample.images:
        asked = AskedImage.read(image)
        prompts = prompts_of(CLICK, asked.chosen)
        ladders = engine.propose_many(engine.encode(asked.rgb), prompts, vocabulary)
        rows = asked.rows(CLICK, prompts, ladders)
        for row, ladder, index in zip(rows, ladders, image.chosen, strict=True):
            best = best_rung(ladder, image.truths[index])
            yield _row(row, said(best, flat, known), image.truths[index])
    engine.close()


def _row(row: ClickRow, name: str | None, truth: TruthMask) -> dict[str, Any]:
    wanted = flat_name(truth.object, truth.part) if truth.object and (truth.part or not truth.is_part) else None
    right = None if wanted is None else float(name == wanted)
    return {
        "image": row.image,
        "max": row.max,
        "oracle": row.oracle,
        "all": row.all,
        "all_multi": row.all if row.granularities > 1 else None,
        "name": right,
    }


def best_rung(ladder: Ladder, truth: TruthMask) -> Proposal:
    """The proposal most like the truth."""
    ious = mask_ious(
        [{"size": one.rle["size"], "counts": one.rle["counts"].encode()} for one in ladder], [truth.segment]
    )
    return ladder[int(np.argmax(ious[:, 0]))]


def said(proposal: Proposal, flat: bool, known: Sequence[str]) -> str | None:
    """The whole name that a proposal has, of the flat names ``known``."""
    objects, parts, chance = dict(proposal.object_labels), dict(proposal.part_labels), proposal.part_probability

    def likelihood(name: str) -> float:
        part, of, owner = name.rpartition(OF)
        if flat or not of:
            return objects.get(name, 0.0) * (1.0 if flat else 1 - chance)
        return objects.get(owner, 0.0) * parts.get(part, 0.0) * chance

    return max(known, key=likelihood) if objects else None


def flat_names(sample: EvaluationSample) -> list[str]:
    """Every object, and every part of an object, that the sample's masks are named."""
    truths = [truth for image in sample.images for truth in image.truths if truth.object]
    return sorted({flat_name(truth.object, truth.part) for truth in truths})
