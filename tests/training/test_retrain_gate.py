"""The gate promotes what is better, and nothing else."""

from dataclasses import replace

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


def _by_label(shifts: list[float], masks: int = 12) -> EvaluationResult:
    """Rows of as many object labels, each on its own images, shifted by so much."""
    base = np.random.default_rng(1).uniform(0.4, 0.6, (len(shifts), masks))
    rows = []
    for label, shift in enumerate(shifts):
        for mask in range(masks):
            value = float(base[label, mask] + shift)
            place = {"image": f"{label} {mask % 6}", "mask": mask, "is_part": False, "area": 500, "click": (1, 1)}
            ious = {"max": value, "oracle": value, "all": value, "granularities": 1, "length": 3, "tau": None}
            rows.append(ClickRow(**place, **ious, object=f"label {label}", object_rank=0))
    return EvaluationResult(tuple(rows))


@pytest.mark.parametrize(
    ("shifts", "promoted"),
    [
        ([0.3, 0.3, -0.05, -0.05], False),
        ([0.3, 0.3, 0.3, -0.05], True),
        ([0.3, 0.3, 0.3, 0.3], True),
        ([0.4, -0.02], False),
    ],
)
def test_worse_on_half_of_the_labels_is_refused_however_much_better_the_mean_is(shifts, promoted) -> None:
    verdict = judge(_by_label([0.0] * len(shifts)), _by_label(shifts), REPLAY, REPLAY, GateSettings())
    assert verdict.promote == promoted
    assert any("worse on" in reason for reason in verdict.reasons) == (not promoted)
    assert [label["worse"] for label in verdict.labels] == [shift < 0 for shift in shifts]


def test_of_few_masks_of_a_label_nothing_is_said() -> None:
    old, new = _by_label([0.0] * 4, masks=9), _by_label([0.3, 0.3, -0.05, -0.05], masks=9)
    verdict = judge(old, new, REPLAY, REPLAY, GateSettings())
    assert not any(label["enough"] for label in verdict.labels)
    assert not any("worse on" in reason for reason in verdict.reasons)


def test_names_that_come_first_no_more_are_worse_too() -> None:
    old, better = _by_label([0.0, 0.0]), _by_label([0.3, 0.3])
    rows = tuple(replace(row, object_rank=2) if row.object == "label 0" else row for row in better.rows)
    verdict = judge(old, EvaluationResult(rows), REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert "worse on 1 of the 2 labels with masks enough to tell: label 0" in verdict.reasons


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_answers_that_are_no_numbers_are_refused(value) -> None:
    better = _run(0.08, 0.02, 0.8, seed=1)
    broken = EvaluationResult((replace(better.rows[0], max=value), *better.rows[1:]))
    verdict = judge(OLD, broken, REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert "broken" in verdict.reasons[0]


def _of(run: EvaluationResult, images: int) -> EvaluationResult:
    return EvaluationResult(tuple(row for row in run.rows if int(row.image) < images))


@pytest.mark.parametrize("images", [1, 2, 3, 5, 8])
def test_noise_is_no_gain_however_few_images_are_held_back(images) -> None:
    """At most one in forty should pass; a bootstrap over two images lets a quarter through."""
    settings = GateSettings(margin=100.0, least=1)
    passed = sum(
        judge(
            _of(_run(noise=0.05, seed=seed), images),
            _of(_run(noise=0.05, seed=500 + seed), images),
            REPLAY,
            REPLAY,
            settings,
        ).promote
        for seed in range(60)
    )
    assert passed <= (0 if images == 1 else 8)


def test_a_plain_gain_on_a_few_images_is_promoted() -> None:
    better = _of(_run(0.1, 0.01, 0.8, seed=1), 4)
    assert judge(_of(OLD, 4), better, REPLAY, REPLAY, GateSettings(margin=100.0)).promote
    alone = judge(_of(OLD, 1), _of(better, 1), REPLAY, REPLAY, GateSettings(margin=100.0, least=1))
    assert alone.reasons[0] == "all validation masks are of one image or sequence, which says nothing of others"


def _named_in(images: int, right: bool) -> EvaluationResult:
    """Rows of which those of the first images alone are parts that bear a name."""
    rows = [
        row if int(row.image) < images else replace(row, is_part=False, part=None, part_rank=None) for row in OLD.rows
    ]
    return EvaluationResult(tuple(replace(row, part_rank=0 if right else 3) if row.is_part else row for row in rows))


@pytest.mark.parametrize(("images", "promoted"), [(1, False), (2, False), (3, True), (IMAGES, True)])
def test_names_of_one_or_two_images_decide_nothing(images, promoted) -> None:
    old, new = _named_in(images, False), _named_in(images, True)
    assert judge(old, new, REPLAY, REPLAY, GateSettings()).promote == promoted
    back = judge(new, old, REPLAY, REPLAY, GateSettings())
    assert any("part_top1_macro may be worse" in reason for reason in back.reasons) == promoted


def test_one_image_has_no_interval() -> None:
    alone = judge(_of(OLD, 1), _of(_run(0.1), 1), REPLAY, REPLAY, GateSettings(least=1))
    assert alone.differences == {}
    assert {key: (one["old_ci95"], one["difference"]) for key, one in alone.held_back.items()}["oracle"] == (None, None)
    assert alone.replay["oracle"]["old_ci95"] is not None


def test_means_of_two_images_have_wide_intervals_between_0_and_100() -> None:
    few = judge(_of(OLD, 2), _of(_run(0.1), 2), REPLAY, REPLAY, GateSettings())
    low, high = few.held_back["oracle"]["old_ci95"]
    narrow = judge(OLD, _run(0.1), REPLAY, REPLAY, GateSettings()).held_back["oracle"]["old_ci95"]
    assert high - low > 2 * (narrow[1] - narrow[0])
    assert 0 <= low <= high <= 100


def test_frames_of_one_sequence_are_one_image() -> None:
    better = _run(0.08, 0.02, 0.8, seed=1)

    def one_sequence(run: EvaluationResult) -> EvaluationResult:
        return EvaluationResult(tuple(replace(row, scene="walk") for row in run.rows))

    verdict = judge(one_sequence(OLD), one_sequence(better), REPLAY, REPLAY, GateSettings())
    assert not verdict.promote
    assert "one image or sequence" in verdict.reasons[0]
    assert verdict.new["images"] == IMAGES


def test_a_sequence_is_drawn_again_as_a_whole() -> None:
    """Half of the images are frames that gain what the others lose: sure of itself only where frames count singly."""
    halves = [replace(row, oracle=row.oracle + (0.2 if int(row.image) < 10 else -0.02)) for row in OLD.rows]
    frames = [replace(row, scene="walk" if int(row.image) < 10 else "") for row in halves]
    old = [replace(row, scene=other.scene) for row, other in zip(OLD.rows, frames, strict=True)]
    single = judge(OLD, EvaluationResult(tuple(halves)), REPLAY, REPLAY, GateSettings()).differences["oracle"]
    walked = judge(EvaluationResult(tuple(old)), EvaluationResult(tuple(frames)), REPLAY, REPLAY, GateSettings())
    assert single[1] > 0 > walked.differences["oracle"][1]
    assert ClickRow.from_json(frames[0].to_json()) == frames[0]
