"""The mean of old and fine-tuned weights: most of what was learned, little of what was forgotten."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint


def blend(old: Path, trained: Path, share: float, path: Path) -> Path:
    """Write the old weights plus ``share`` of what changed in the trained ones, with the names that either knows.

    ``trained`` was fine-tuned from ``old``. Between the two lie weights that lose less on what was known, and often
    win more on what is new, than those at the end (Wortsman et al., arXiv 2109.01903); 1.0 takes the end.
    """
    network, card, _ = load_checkpoint(trained)
    before, known, _ = load_checkpoint(old)
    earlier = before.state_dict()
    mixed = {name: _mixed(earlier[name], value, share) for name, value in network.state_dict().items()}
    network.load_state_dict(mixed)
    objects, parts = ({*getattr(card, kind), *getattr(known, kind)} for kind in ("objects", "parts"))
    card = replace(card, objects=tuple(sorted(objects)), parts=tuple(sorted(parts)))
    save_checkpoint(network, card, path)
    return path


def _mixed(old: Tensor, new: Tensor, share: float) -> Tensor:
    return torch.lerp(old, new, share) if new.is_floating_point() else new
