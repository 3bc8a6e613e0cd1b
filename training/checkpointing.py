"""Activation checkpointing: what a layer's gradient needs is computed a second time instead of kept."""

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from semsam_annotate.model.image_encoder.swin import Block
from semsam_annotate.model.mask_decoder.heads import PredictionHeads
from semsam_annotate.model.mask_decoder.layer import DecoderLayer
from semsam_annotate.model.pixel_decoder import EncoderLayer

LAYERS = (Block, EncoderLayer, DecoderLayer, PredictionHeads)
"""The repeated layers. Those of the convolutional encoder are not among them: a second forward would count its batch
statistics twice."""

SHARDED = (Block, EncoderLayer)
"""Layers whose weights are read in their own forward alone, so that processes can make them whole one at a time."""


def recompute_layers(network: nn.Module) -> None:
    """Let every layer compute its inside again in the backward pass; random numbers repeat themselves."""
    for module in network.modules():
        if isinstance(module, LAYERS):
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)  # type: ignore[method-assign]
