"""What the generic branch answers and should answer, in the names of a run."""

from dataclasses import dataclass

import torch
from torch import Tensor

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.targets import Targets


@dataclass(frozen=True)
class Found:
    """One layer's answer: its predictions, and (B, Q, V) logits over the object names and over the part names."""

    predictions: Predictions
    objects: Tensor
    parts: Tensor


def name_logits(network: SemanticSam, predictions: Predictions, names: NameIndex) -> Found:
    """Score every query against all names of a run."""
    generic = network.mask_decoder.generic_queries
    assert generic is not None, "the network has no generic branch"
    assert network.text_tower is not None, "names need a text tower"
    state = predictions.state[:, :, 0]
    logits = [
        generic.log_odds(state, network.class_heads(state, network.text_tower(listed), part), part)
        for part, listed in ((False, names.objects), (True, names.parts))
    ]
    return Found(predictions, *logits)


def named_targets(targets: Targets, parts: bool) -> list[Tensor]:
    """For each image the rows of the masks to find: named objects and, if asked for, named parts."""
    wanted = (targets.kinds == 0) & (targets.objects >= 0)
    if parts:
        wanted |= (targets.kinds == 1) & (targets.parts >= 0)
    if targets.searched is not None:
        wanted &= targets.searched[targets.image]
    return [(wanted & (targets.image == image)).nonzero()[:, 0] for image in range(len(targets.complete))]


def part_rows(targets: Targets, rows: Tensor) -> Tensor:
    """(T,) bool: which of the masks ``rows`` are parts."""
    out: Tensor = targets.kinds[rows] == 1
    return out


def class_of(targets: Targets, rows: Tensor) -> Tensor:
    """(T,) place of the name that a mask is found by: a part's part name, else the object's."""
    return torch.where(part_rows(targets, rows), targets.parts[rows], targets.objects[rows])
