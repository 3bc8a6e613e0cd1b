"""The training loop: plain torch, one process or as many as torchrun started, resumable after every checkpoint."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from semsam_annotate.annotations.retraining.writer import PutBy
from semsam_annotate.api import BadInput
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.guard import TrainingDiverged, name_batch
from semsam_annotate.training.parallel import World, joined, shares
from semsam_annotate.training.questions import Questions
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.saving import checkpoint
from semsam_annotate.training.starting import build_learner
from semsam_annotate.training.state import load_state
from semsam_annotate.training.step import Learner, Taken
from semsam_annotate.training.watching import Watch

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after every step with steps done, steps in all, and its losses; in the first process alone. When it raises
PutBy, of one process, the run goes on after that step."""


@dataclass
class Steps(Dataset[list[Questions]]):
    """This process's questions of every step, drawn in worker processes."""

    sampler: Sampler
    places: range

    def __getitem__(self, step: int) -> list[Questions]:
        torch.set_num_threads(1)
        return self.sampler.draw(step, self.places)


def train(config: TrainConfig, out: Path, progress: Progress = lambda done, steps, losses: None) -> Path:
    """Train, or go on with, the run in ``out``; returns the weights file.

    A checkpoint is a replaced file: killed at any time, the run goes on from the last one and ends with the weights
    that it would have had (on as many threads and processes). Raises BadInput for settings that do not fit, and
    TrainingDiverged when the guard ends the run.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    with joined(out) as world:
        folder = open_run(config, out, world)
        learner = build_learner(config, folder, world)
        done = load_state(learner, folder.state) if folder.state.exists() else 0
        watch = Watch(config, folder)
        for step, questions in zip(range(done, config.schedule.steps), _questions(config, done, world), strict=False):
            started = time.monotonic()
            taken = learner.learn(step, questions)
            done = step + 1
            if world.first:
                watch.step(done, taken.losses, time.monotonic() - started)
            if taken.trouble:
                _report(learner, folder, step, taken)
            if done % config.checkpoint_every == 0 or done == config.schedule.steps:
                checkpoint(learner, folder, done)
                if world.first:
                    watch.checkpoint(done)
            if world.first:
                _tell(progress, done, config.schedule.steps, taken, partial(checkpoint, learner, folder, done))
    return folder.weights


def _tell(progress: Progress, done: int, steps: int, taken: Taken, keep: Callable[[], object]) -> None:
    """Tell how far it is; a run that is put by keeps its state before it ends."""
    try:
        progress(done, steps, taken.losses)
    except PutBy:
        keep()
        raise


def open_run(config: TrainConfig, out: Path, world: World) -> RunFolder:
    """The folder of the run, made by the first process; the others only read it."""
    parts = world.size * config.schedule.accumulate
    if config.schedule.batch < parts:
        raise BadInput(
            f"schedule.batch is {config.schedule.batch}, and {world.size} processes x {config.schedule.accumulate} "
            f"parts need at least {parts} images a step"
        )
    folder = RunFolder(out, config) if world.first else None
    world.wait()
    return folder or RunFolder(out, config)


def _report(learner: Learner, folder: RunFolder, step: int, taken: Taken) -> None:
    """Write down a step that was left out, by its images; raise TrainingDiverged if the run is to end with it."""
    origins = _origins(learner.config, step, len(taken.parts))
    message = f"step {step + 1}: {taken.trouble}; left out with its images {name_batch(origins, taken.parts)}"
    if learner.world.first:
        logging.getLogger(__name__).warning(message)
        folder.report({"step": step + 1, "trouble": taken.trouble, "parts": taken.parts, "images": origins})
    if learner.guard.ends:
        checkpoint(learner, folder, step)
        raise TrainingDiverged(f"{message}; the state before it is kept, so the run can go on with guard.action = skip")


def _origins(config: TrainConfig, step: int, parts: int) -> list[list[str]]:
    """What the images of a step are called, in the parts that it was worked off in by all processes."""
    names = [question.origin for question in Sampler(config).draw(step)]
    return [[names[place] for place in part] for part in shares(len(names), parts)]


def _questions(config: TrainConfig, done: int, world: World) -> Iterator[list[Questions]]:
    remaining = range(done, config.schedule.steps)
    loader: Any = DataLoader(
        Steps(Sampler(config), world.places(config.schedule.batch)[0]),
        batch_size=None,
        sampler=remaining,
        num_workers=config.workers,
        prefetch_factor=4 if config.workers else None,
        multiprocessing_context="fork" if config.workers else None,
    )
    return iter(loader)
