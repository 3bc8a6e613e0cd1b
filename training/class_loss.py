"""Losses of the class heads: which object, which part, part or object; a missing label is never a negative."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.matcher import Match
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.points import Rand
from semsam_annotate.training.targets import Targets


def class_losses(
    network: SemanticSam, last: Predictions, targets: Targets, matched: Match, names: NameIndex, null: float, rand: Rand
) -> dict[str, Tensor]:
    """Unweighted losses of the matched queries of the last layer, for the weights of the same names."""
    if network.text_tower is None:
        return {}
    state = last.state.flatten(0, 2)[matched.query]
    losses = {}
    for key, part, listed, counts, labels in (
        ("object_class", False, names.objects, names.object_counts, targets.objects),
        ("part_class", True, names.parts, names.part_counts, targets.parts),
    ):
        truth = labels[matched.target]
        if listed and (truth >= 0).any():
            labelled = truth >= 0
            logits = _logits(network, state[labelled], listed, part)
            losses[f"{key}_last"] = name_loss(logits, truth[labelled], counts, null, rand)
    if last.part is not None:
        losses["kind_last"] = _kind_loss(last.part.flatten()[matched.query], targets.kinds[matched.target])
    return losses


def name_loss(logits: Tensor, truth: Tensor, counts: Sequence[int], null: float, rand: Rand) -> Tensor:
    """Cross-entropy of (R, V + 1) logits, rare names weighted up by the square root of their rarity.

    A share ``null`` of the rows loses its true name from the vocabulary and must answer "none of these", the last one.
    """
    hidden = rand((len(truth),)) < null
    rows = hidden.nonzero()[:, 0]
    blocked = torch.zeros_like(logits, dtype=torch.bool)
    blocked[rows, truth[rows]] = True
    target = torch.where(hidden, logits.shape[1] - 1, truth)
    weight = torch.tensor(counts, dtype=torch.float32, device=logits.device).clamp(min=1).rsqrt()[truth]
    losses = F.cross_entropy(logits.masked_fill(blocked, -1e4), target, reduction="none")
    return (losses * weight).sum() / weight.sum()


def _logits(network: SemanticSam, state: Tensor, names: Sequence[str], part: bool) -> Tensor:
    assert network.text_tower is not None
    out: Tensor = network.class_heads.with_null(state, network.text_tower(names), part)
    return out


def _kind_loss(logits: Tensor, kinds: Tensor) -> Tensor:
    known = kinds >= 0
    if not known.any():
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[known], kinds[known].float())
