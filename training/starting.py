"""The network that a run begins with."""

from dataclasses import replace

import torch

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.config import ClipTextConfig, ModelConfig, TextConfig
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.precision import convolution_format
from semsam_annotate.model.presets import preset
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.generic import with_generic_branch
from semsam_annotate.training.parallel import World
from semsam_annotate.training.run_folder import RunFolder, starting_weights
from semsam_annotate.training.step import Learner

MOST_COARSE = 3
"""Granularity levels up to this are of objects rather than parts."""


def build_learner(config: TrainConfig, folder: RunFolder, world: World) -> Learner:
    """Network (fresh, or from a checkpoint file) and optimiser of a run."""
    torch.manual_seed(config.seed)
    network = starting_network(config)
    taken = network.config.input
    hidden = config.mask_padding or taken.mask_padding
    network.config = replace(
        network.config, input=replace(taken, side=config.input_side or taken.side, mask_padding=hidden)
    )
    layout = convolution_format(world.device.type)
    network = network.to(world.device).to(memory_format=layout)  # type: ignore[call-overload]
    return Learner(network, config, folder.names, world)


def starting_network(config: TrainConfig) -> SemanticSam:
    """Fresh or loaded, with a generic branch if it is to learn one: without parts, from its coarser half of tokens."""
    weights = starting_weights(config)
    if weights is None:
        return with_generic_branch(SemanticSam(_with_text_tower(preset(config.model), config)), config.generic.queries)
    if config.text_tower != "own":
        raise BadInput(f"text_tower is for presets; {config.model} keeps its own: leave text_tower out")
    network, card, _ = load_checkpoint(weights)
    coarse = [token for token, level in enumerate(card.levels) if config.generic.parts or level <= MOST_COARSE]
    return with_generic_branch(network, config.generic.queries, coarse)


def _with_text_tower(model: ModelConfig, config: TrainConfig) -> ModelConfig:
    if config.text_tower == "own":
        return model
    if model.text is not None or model.clip_text is not None:
        raise BadInput(f"the preset {config.model} has a text tower: leave text_tower out")
    if config.text_tower == "clip":
        return replace(model, clip_text=ClipTextConfig())
    return replace(model, text=TextConfig())
