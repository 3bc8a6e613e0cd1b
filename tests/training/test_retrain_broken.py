"""Broken weights at the end of a real retraining: nothing promotes them, and the rest of the project stays whole."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.run import last_finished, runs
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import PACKAGED, ModelRegistry
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import GateSettings, RetrainSettings, retrain

SMALL = RetrainSettings(
    steps=2, batch=1, size=64, final_size=64, workers=0, replay_scenes=2, pictures=3,
    gate=GateSettings(least=1), naming=NamingSettings(batches=2, steps=5),
)  # fmt: skip


@pytest.fixture
def project(annotated_scenes) -> Project:
    return annotated_scenes(3)


@pytest.fixture
def trained_to(monkeypatch):
    """Lets the fine-tuning end with the packaged weights after ``spoil`` had its way with every tensor."""

    def make(spoil) -> None:
        def end(begun, old, settings, work: Path, told) -> Path:
            network, card, _ = load_checkpoint(packaged_weights())
            torch.manual_seed(0)
            network.load_state_dict({name: spoil(name, value.clone()) for name, value in network.state_dict().items()})
            save_checkpoint(network, card, work / "weights.safetensors")
            return work / "weights.safetensors"

        monkeypatch.setattr("semsam_annotate.training.retrain.run.fine_tune", end)

    return make


def _one(value: float):
    """Sets one weight of the network to a value."""

    def spoil(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name.endswith("mask_embed.layers.0.weight") or tensor.ndim == 2:
            tensor.flatten()[0] = value
        return tensor

    return spoil


def _registry(project: Project) -> ModelRegistry:
    return ModelRegistry(project.models, packaged_weights())


_RARE = [pytest.param(value, marks=pytest.mark.stress) for value in (float("inf"), 1e6)]


@pytest.mark.parametrize("value", [float("nan"), *_RARE])
def test_weights_that_are_no_numbers_are_not_even_promoted_by_force(project, trained_to, value):
    trained_to(_one(value))  # half precision makes infinity of a million
    with pytest.raises(BadInput, match="NaN or infinity"):
        retrain(project, replace(SMALL, force=True))
    assert [version.version for version in _registry(project).versions()] == [PACKAGED]
    assert runs(project.models)[-1].outcome.state == "failed"
    assert last_finished(project.models) is None
    assert not [path.name for path in project.models.iterdir() if path.name.startswith(".retrain-")]


@pytest.mark.stress
def test_noise_is_refused_and_the_report_says_so(project, trained_to):
    trained_to(lambda _, value: value * (1 + torch.randn_like(value)) if value.ndim > 1 else value)
    report = retrain(project, SMALL)
    assert not report.verdict.promote
    assert any("worse" in reason or "forgets" in reason for reason in report.verdict.reasons)
    shown = report.page.read_text()
    assert "The model before it goes on serving" in shown
    assert "<script" not in shown
    assert (report.page.parent / "report.png").read_bytes()[:4] == b"\x89PNG"
    assert _registry(project).active().version == PACKAGED


def test_answers_that_are_no_numbers_are_a_failure_that_promotes_nothing(project, trained_to):
    trained_to(lambda name, value: -value if name.endswith("running_var") else value)
    with pytest.raises(SemsamError, match="NaN or infinity"):
        retrain(project, replace(SMALL, force=True))
    assert _registry(project).active().version == PACKAGED
    assert runs(project.models)[-1].outcome.state == "failed"
