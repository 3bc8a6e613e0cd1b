"""Losses of the class heads: which object, which part, part or object; a missing label is never a negative."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.counts import Counts, name_weights
from semsam_annotate.training.matcher import Match
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.points import Rand
from semsam_annotate.training.targets import Targets


def class_losses(
    network: SemanticSam,
    last: Predictions,
    targets: Targets,
    matched: Match,
    names: NameIndex,
    null: float,
    rand: Rand,
    counts: Counts,
) -> dict[str, Tensor]:
    """Unweighted losses of the matched queries of the last layer, for the weights of the same names."""
    if network.text_tower is None:
        return {}
    state = last.state.flatten(0, 2)[matched.query]
    losses = {}
    for key, part, listed, seen, labels, count in (
        ("object_class", False, names.objects, names.object_counts, targets.objects, counts.objects),
        ("part_class", True, names.parts, names.part_counts, targets.parts, counts.parts),
    ):
        if listed:
            rows = (labels[matched.target] >= 0).nonzero()[:, 0]
            target = matched.target[rows]
            logits = _logits(network, state[rows], listed, part)
            found = name_losses(logits, labels[target], seen, null, rand, targets.image[target])
            losses[f"{key}_last"] = found.sum() / count
    if last.part is not None:
        losses["kind_last"] = (
            _kind_loss(last.part.flatten()[matched.query], targets.kinds[matched.target]) / counts.kinds
        )
    return losses


def name_losses(
    logits: Tensor, truth: Tensor, seen: Sequence[int], null: float, rand: Rand, image: Tensor | None = None
) -> Tensor:
    """(R,) cross-entropy of (R, V + 1) logits, each times the weight of its true name.

    A share ``null`` of the rows loses its true name from the vocabulary and must answer "none of these", the last one.
    ``image`` (R,): whose image each row is of.
    """
    hidden = rand((len(truth),), image) < null
    rows = hidden.nonzero()[:, 0]
    blocked = torch.zeros_like(logits, dtype=torch.bool)
    blocked[rows, truth[rows]] = True
    target = torch.where(hidden, logits.shape[1] - 1, truth)
    losses = F.cross_entropy(logits.masked_fill(blocked, -1e4), target, reduction="none")
    return losses * name_weights(seen, truth)


def _logits(network: SemanticSam, state: Tensor, names: Sequence[str], part: bool) -> Tensor:
    assert network.text_tower is not None
    out: Tensor = network.class_heads.with_null(state, network.text_tower(names), part)
    return out


def _kind_loss(logits: Tensor, kinds: Tensor) -> Tensor:
    known = kinds >= 0
    return F.binary_cross_entropy_with_logits(logits[known], kinds[known].float(), reduction="sum")
