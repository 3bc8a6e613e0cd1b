"""The training loop: plain torch, one process, resumable after every checkpoint."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.presets import preset
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.generic import with_generic_branch
from semsam_annotate.training.levels import measure_levels
from semsam_annotate.training.questions import Questions
from semsam_annotate.training.run_folder import RunFolder, starting_weights
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.schedule import build_optimizer
from semsam_annotate.training.state import load_state, save_state
from semsam_annotate.training.step import Learner

MOST_COARSE = 3
"""Granularity levels up to this are of objects rather than parts."""

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after every step with steps done, steps in all, and its losses."""


@dataclass
class Steps(Dataset[list[Questions]]):
    """The questions of every step, drawn in worker processes."""

    sampler: Sampler

    def __getitem__(self, step: int) -> list[Questions]:
        torch.set_num_threads(1)
        return self.sampler.draw(step)


def train(config: TrainConfig, out: Path, progress: Progress = lambda done, steps, losses: None) -> Path:
    """Train, or go on with, the run in ``out``; returns the weights file.

    A checkpoint is a replaced file: killed at any time, the run goes on from the last one and ends with the weights
    that it would have had (on as many threads).
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    folder = RunFolder(out, config)
    learner = build_learner(config, folder)
    done = load_state(learner.network, learner.optimizer, folder.state) if folder.state.exists() else 0
    started = time.monotonic()
    for step, questions in zip(range(done, config.schedule.steps), _questions(config, done), strict=False):
        losses = learner.learn(step, questions)
        done = step + 1
        folder.record({"step": done, "seconds": round(time.monotonic() - started, 2), **_rounded(losses)})
        if done % config.checkpoint_every == 0 or done == config.schedule.steps:
            checkpoint(learner, folder, done)
        progress(done, config.schedule.steps, losses)
    return folder.weights


def build_learner(config: TrainConfig, folder: RunFolder) -> Learner:
    """Network (fresh, or from a checkpoint file) and optimiser of a run, on the best device there is."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    network = _starting_network(config)
    if config.input_side:
        network.config = replace(network.config, input=replace(network.config.input, side=config.input_side))
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Learner(network, build_optimizer(network, config.schedule), config, folder.names, device)


def _starting_network(config: TrainConfig) -> SemanticSam:
    """Fresh or loaded, with a generic branch if it is to learn one: without parts, from its coarser half of tokens."""
    weights = starting_weights(config)
    if weights is None:
        return with_generic_branch(SemanticSam(preset(config.model)), config.generic.queries)
    network, card, _ = load_checkpoint(weights)
    coarse = [token for token, level in enumerate(card.levels) if config.generic.parts or level <= MOST_COARSE]
    return with_generic_branch(network, config.generic.queries, coarse)


def checkpoint(learner: Learner, folder: RunFolder, done: int) -> None:
    """Replace state and weights; the state last, since it is what a resumed run believes."""
    levels = measure_levels(learner.network, Sampler(learner.config).draw(-1 % 2**31))
    trained = {"steps": done, "seed": learner.config.seed, **folder.description()}
    card = CheckpointCard(learner.network.config, levels, folder.names.objects, folder.names.parts, trained)
    save_checkpoint(learner.network, card, folder.weights)
    save_state(learner.network, learner.optimizer, done, folder.state)


def _questions(config: TrainConfig, done: int) -> Iterator[list[Questions]]:
    remaining = range(done, config.schedule.steps)
    loader: Any = DataLoader(
        Steps(Sampler(config)),
        batch_size=None,
        sampler=remaining,
        num_workers=config.workers,
        prefetch_factor=4 if config.workers else None,
        multiprocessing_context="fork" if config.workers else None,
    )
    return iter(loader)


def _rounded(losses: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in losses.items()}
