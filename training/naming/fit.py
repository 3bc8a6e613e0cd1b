"""Fit class heads and text tower to states that stay as they are: a thousand times as many looks a second as training.

Names that were known are held by two terms: their embeddings stay where they were, and what the old heads say of the
new masks in terms of the old names is said again (learning without forgetting, Li and Hoiem, arXiv 1606.09282).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.class_loss import name_losses
from semsam_annotate.training.counts import name_weights
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.naming.gather import NamedStates


@dataclass(frozen=True)
class NamingSettings:
    """How names are fitted. ``anchor``: weight of known names' embeddings staying where they are; ``keep``: of the old
    heads' answers; ``null``: share of masks whose name is left out, so that "none of these" stays an answer."""

    batches: int = 60
    """Steps' worth of images that states are gathered from."""
    steps: int = 800
    batch: int = 256
    """States a step."""
    lr: float = 3e-3
    anchor: float = 30.0
    keep: float = 1.0
    null: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class _Side:
    """Object or part names: those to learn, how often each occurs, (R,) rows of the true ones; those ``known`` before,
    with their embeddings and what the old heads said of all states in terms of them, (R, known + 1)."""

    part: bool
    listed: tuple[str, ...]
    seen: tuple[int, ...]
    truth: Tensor
    known: tuple[str, ...]
    before: Tensor
    said: Tensor


def fit_names(
    network: SemanticSam,
    states: NamedStates,
    names: NameIndex,
    known: tuple[Sequence[str], Sequence[str]],
    settings: NamingSettings | None = None,
) -> None:
    """Train the network's class heads and text tower, in place, from what they are.

    ``known``: the object and the part names that they were trained on. A network without a text tower, or states
    without a name, stay as they are.
    """
    chosen, tower = settings or NamingSettings(), network.text_tower
    if tower is None:
        return
    both = [_side(network, states, names, known[part], bool(part)) for part in (0, 1)]
    sides = [side for side in both if side.listed and (side.truth >= 0).any()]
    if not sides:
        return
    learned = [*network.class_heads.parameters(), *tower.parameters()]
    for parameter in learned:
        parameter.requires_grad_(True)
    optimizer = AdamW(learned, chosen.lr, weight_decay=0.0)
    schedule = CosineAnnealingLR(optimizer, chosen.steps)
    source = torch.Generator().manual_seed(chosen.seed)
    for _ in range(chosen.steps):
        loss = torch.stack([_side_loss(network, states.states, side, chosen, source) for side in sides]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    for parameter in learned:
        parameter.requires_grad_(False)


@torch.no_grad()
def _side(network: SemanticSam, states: NamedStates, names: NameIndex, known: Sequence[str], part: bool) -> _Side:
    """One side as it is before anything is learned."""
    assert network.text_tower is not None
    before = network.text_tower(tuple(known))
    said = network.class_heads.with_null(states.states, before, part).softmax(-1)
    if part:
        return _Side(part, names.parts, names.part_counts, states.parts, tuple(known), before, said)
    return _Side(part, names.objects, names.object_counts, states.objects, tuple(known), before, said)


def _side_loss(
    network: SemanticSam, states: Tensor, side: _Side, settings: NamingSettings, source: torch.Generator
) -> Tensor:
    """Cross-entropy of some states' names, and what holds the known ones."""
    rows = (side.truth >= 0).nonzero()[:, 0]
    picked = rows[torch.randint(len(rows), (settings.batch,), generator=source).to(rows.device)]
    state, truth = states[picked], side.truth[picked]
    assert network.text_tower is not None
    logits = network.class_heads.with_null(state, network.text_tower(side.listed), side.part)
    rand = lambda shape, image=None: torch.rand(shape, generator=source).to(state.device)  # noqa: E731
    losses = name_losses(logits, truth, side.seen, settings.null, rand)
    loss = losses.sum() / name_weights(side.seen, truth).sum()
    return loss + _held(network, state, side, side.said[picked], settings) if side.known else loss


def _held(network: SemanticSam, state: Tensor, side: _Side, said: Tensor, settings: NamingSettings) -> Tensor:
    """How far known names have moved, and how differently they are told from each other on these states."""
    assert network.text_tower is not None
    now = network.text_tower(side.known)
    moved = (F.normalize(now, dim=-1) - F.normalize(side.before, dim=-1)).square().sum(-1).mean()
    says = network.class_heads.with_null(state, now, side.part).log_softmax(-1)
    return settings.anchor * moved + settings.keep * F.kl_div(says, said, reduction="batchmean")
