"""Several processes that share one run, started by torchrun."""

from semsam_annotate.training.parallel.tensors import assign, gradient_norm, scale_gradients, sharded_as, whole
from semsam_annotate.training.parallel.world import World, joined, shares
from semsam_annotate.training.parallel.wrapping import in_step, reduce_scalars, wrap

__all__ = [
    "World",
    "assign",
    "gradient_norm",
    "in_step",
    "joined",
    "reduce_scalars",
    "scale_gradients",
    "sharded_as",
    "shares",
    "whole",
    "wrap",
]
