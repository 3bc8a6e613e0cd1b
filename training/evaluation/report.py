"""All figures of a run as one JSON document, and the difference between two runs."""

from typing import Any

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.training.evaluation.bootstrap import ROUNDS
from semsam_annotate.training.evaluation.calibration import calibration, compare_calibration
from semsam_annotate.training.evaluation.metrics import compare, summarize
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import BOX
from semsam_annotate.training.evaluation.slices import slices


def report(result: EvaluationResult, seed: int = 0, rounds: int = ROUNDS) -> dict[str, Any]:
    """``summarize`` and the slices, calibration and times of a run.

    The figures are of clicks, and those of boxes stand under ``box`` in the same form; a run of boxes alone has them at
    the top. ``prompt`` says which. Raises BadInput for a run without rows.
    """
    kinds = result.prompts
    if not kinds:
        raise BadInput("the evaluation has no rows: nothing was asked")
    figures = {"engine": result.engine, "version": result.version, "prompt": kinds[0], "speed": speed(result)}
    figures |= _of_kind(result.only(kinds[0]), seed, rounds)
    return {**figures, BOX: _of_kind(result.only(BOX), seed, rounds)} if len(kinds) > 1 else figures


def _of_kind(result: EvaluationResult, seed: int, rounds: int) -> dict[str, Any]:
    return {
        **summarize(result, seed, rounds),
        **slices(result.rows, seed, rounds),
        "calibration": calibration(result.rows, seed),
    }


def speed(result: EvaluationResult) -> dict[str, Any] | None:
    """Median milliseconds over images: ``encode_ms``, ``prompt_ms`` of one prompt alone; None without times."""
    if not result.speeds:
        return None
    encode, prompt = np.median(np.array(result.speeds), axis=0)
    facts = {"encode_ms": round(float(encode), 2), "prompt_ms": round(float(prompt), 2)}
    return {**facts, "images": len(result.speeds), "device": result.device}


def compare_runs(
    new: EvaluationResult, old: EvaluationResult, seed: int = 0, rounds: int = ROUNDS
) -> dict[str, dict[str, list[float] | None]]:
    """Kind of prompt to ``compare`` of it, calibration too, for the kinds that both runs asked.

    Raises BadInput when there is none, or the runs asked for different masks.
    """
    shared = [kind for kind in new.prompts if kind in old.prompts]
    if not shared:
        raise BadInput(f"the runs share no kind of prompt: {new.prompts} and {old.prompts}; use the same --prompt")
    return {
        kind: compare(new.only(kind), old.only(kind), seed, rounds)
        | compare_calibration(new.only(kind).rows, old.only(kind).rows, seed)
        for kind in shared
    }
