"""The mean of old and fine-tuned weights: most of what was learned, little of what was forgotten."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint


def blend(old: Path, trained: Path, share: float, path: Path, largest: float = 1.0) -> Path:
    """Write the old weights plus ``share`` of what changed in the trained ones, with the names that either knows.

    ``trained`` was fine-tuned from ``old``. Between the two lie weights that lose less on what was known, and often
    win more on what is new, than those at the end (Wortsman et al., arXiv 2109.01903); 1.0 takes the end. Of every
    matrix's changes only the ``largest`` share, by magnitude, is taken: the many small ones teach little and disturb
    much (Yadav et al., arXiv 2306.01708).
    """
    network, card, _ = load_checkpoint(trained)
    before, known, _ = load_checkpoint(old)
    earlier = before.state_dict()
    mixed = {name: _mixed(earlier[name], value, share, largest) for name, value in network.state_dict().items()}
    network.load_state_dict(mixed)
    objects, parts = ({*getattr(card, kind), *getattr(known, kind)} for kind in ("objects", "parts"))
    card = replace(card, objects=tuple(sorted(objects)), parts=tuple(sorted(parts)))
    save_checkpoint(network, card, path)
    return path


def _mixed(old: Tensor, new: Tensor, share: float, largest: float) -> Tensor:
    if not new.is_floating_point():
        return new
    return torch.lerp(old, torch.where(_counts(new - old, largest), new, old), share)


def _counts(change: Tensor, largest: float) -> Tensor:
    """Which changes of a matrix are among the largest; of a vector (biases, norms) all are."""
    dropped = round((1 - largest) * change.numel())
    if change.ndim < 2 or not dropped:
        return torch.ones_like(change, dtype=torch.bool)
    size = change.abs()
    return size > size.flatten().kthvalue(dropped).values
