"""Checkpoints: the state that a run goes on from, and the weights that it would ship."""

import torch
from torch import Tensor

from semsam_annotate.model.checkpoints.weights import CheckpointCard, save_checkpoint
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.levels import measure_levels
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.state import gather_state, save_state
from semsam_annotate.training.step import Learner

MEASURED = 8
"""Images that the levels of the tokens are measured on."""


def checkpoint(learner: Learner, folder: RunFolder, done: int) -> None:
    """Replace state and weights; the state last, since it is what a resumed run believes.

    All processes take part, the first one writes.
    """
    tensors = gather_state(learner, done)
    if not learner.world.first:
        return
    network = _shipped(learner, tensors)
    levels = measure_levels(
        network, Sampler(learner.config).draw(-1 % 2**31, range(min(MEASURED, learner.config.schedule.batch)))
    )
    trained = {"steps": done, "seed": learner.config.seed, **folder.description()}
    card = CheckpointCard(network.config, levels, folder.names.objects, folder.names.parts, trained)
    save_checkpoint(network, card, folder.weights)
    save_state(tensors, folder.state)


def _shipped(learner: Learner, tensors: dict[str, Tensor]) -> SemanticSam:
    """A network of its own with the gathered weights, averaged if the run averages them."""
    with torch.random.fork_rng(devices=[]):
        network = SemanticSam(learner.network.config)
    names = list(network.state_dict())
    weights = {name: tensors.get(f"average.{name}", tensors[f"network.{name}"]) for name in names}
    network.load_state_dict(weights)
    return network.to(learner.world.device)
