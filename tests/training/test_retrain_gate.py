"""The gate promotes what is better, and nothing else."""

import numpy as np
import pytest

from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.retrain import GateSettings, judge

IMAGES, MASKS = 20, 6


def _run(shift: float = 0.0, noise: float = 0.0, label_rate: float = 0.2, seed: int = 0) -> EvaluationResult:
    """Rows whose oracle is a fixed base plus ``shift``, and whose part label is right with ``label_rate``."""
    base = np.random.default_rng(7).uniform(0.3, 0.7, (IMAGES, MASKS))
    rng = np.random.default_rng(seed)
    rows = []
    for image in range(IMAGES):
        for mask in range(MASKS):
            value = float(np.clip(base[image, mask] + shift + rng.normal(0, noise), 0, 1))
            rank = 0 if rng.random() < label_rate else 3
            ious = {"max": value, "oracle": value, "all": value}
            names = {"object": "car", "part": f"part {mask}", "object_rank": 0, "part_rank": rank}
            place = {"image": f"{image}", "mask": mask, "is_part": True, "area": 500, "click": (1, 1)}
            rows.append(ClickRow(**place, **ious, granularities=1, length=3, tau=None, **names))
    return EvaluationResult(tuple(rows))


OLD = _run()
REPLAY = _run(seed=3)


def test_better_masks_and_labels_are_promoted() -> None:
    verdict = judge(OLD, _run(0.08, 0.02, 0.8, seed=1), REPLAY, REPLAY, GateSettings())
    assert verdict.promote
    assert any("oracle is better" in reason for reason in verdict.reasons)


def test_the_same_model_is_not_promoted() -> None:
    verdict = judge(OLD, OLD, REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert "no gain" in verdict.reasons[0]


@pytest.mark.parametrize("seed", range(5))
def test_better_masks_do_not_excuse_labels_at_chance(seed: int) -> None:
    verdict = judge(OLD, _run(0.1, 0.02, 0.2, seed=10 + seed), REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert any("label_part_top1_macro may be worse" in reason for reason in verdict.reasons)


def test_worse_masks_are_refused() -> None:
    assert not judge(OLD, _run(-0.05, 0.01, 0.8, seed=1), REPLAY, REPLAY, GateSettings()).promote


def test_forgetting_is_refused_and_measured() -> None:
    better, forgetful = _run(0.1, 0.01, 0.8, seed=1), _run(-0.03, seed=3)
    verdict = judge(OLD, better, REPLAY, forgetful, GateSettings())
    assert not verdict.promote
    assert verdict.replay_loss == pytest.approx(3.0, abs=0.01)


def test_too_few_validation_masks_say_nothing() -> None:
    few = [EvaluationResult(run.rows[:19]) for run in (OLD, _run(0.2, 0.0, 1.0))]
    verdict = judge(few[0], few[1], REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert "19 validation masks" in verdict.reasons[0]


def test_without_validation_images_it_refuses_and_says_why() -> None:
    empty = EvaluationResult(())
    verdict = judge(empty, empty, REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert "0 validation masks" in verdict.reasons[0]
