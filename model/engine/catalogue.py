"""Everything found in an image, with what naming and comparing it need, made once an image."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from semsam_annotate.api import Prompt, Proposal, Rle, decode_rle
from semsam_annotate.model.engine.cache import EncodedImage
from semsam_annotate.model.engine.pooling import pool
from semsam_annotate.model.engine.rough import covered, grid_shares
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.mask_decoder import Predictions

Decode = Callable[[Sequence[Prompt]], Predictions]
KEPT = 16
"""Catalogues; each holds the run-length masks of one image."""


@dataclass(frozen=True)
class Described:
    """M masks as the heads and as ``pool`` see them: ``states`` (M, dim), ``part`` (M,) 0..1, ``features`` (M, D)."""

    states: Tensor
    part: Tensor
    features: Tensor


@dataclass(frozen=True)
class Catalogue:
    """``proposals`` without labels, masks as RLE, and their description."""

    proposals: tuple[Proposal, ...]
    described: Described


def describe(image: EncodedImage, decode: Decode, masks: Sequence[Rle]) -> Described:
    """Ask for every mask by a click at its innermost pixel; the rung most like it, on the mask grid, describes it."""
    full = [decode_rle(mask) for mask in masks]
    shares = torch.stack([grid_shares(mask, image.frame) for mask in full]).to(image.model.device)
    answer = decode([Prompt([innermost(mask)]) for mask in full])
    rungs = overlaps(answer.masks[0] > 0, covered(shares)[:, None]).argmax(1)
    rows = torch.arange(len(rungs), device=rungs.device)
    part = shares.new_full((len(masks),), 0.5) if answer.part is None else answer.part[0, rows, rungs].sigmoid()
    return Described(answer.state[0, rows, rungs], part, pool(image.memory, shares))


def joined(pieces: Sequence[Described]) -> Described:
    """Descriptions one after the other, on the device of the first."""
    device = pieces[0].states.device
    return Described(
        torch.cat([piece.states.to(device) for piece in pieces]),
        torch.cat([piece.part.to(device) for piece in pieces]),
        torch.cat([piece.features.to(device) for piece in pieces]),
    )


def overlaps(first: Tensor, second: Tensor) -> Tensor:
    """(…) IoU of bool maps (…, h, w); 0 where both are empty."""
    joint = (first & second).flatten(-2).sum(-1)
    union = (first | second).flatten(-2).sum(-1)
    return joint / union.clamp(min=1)


class CatalogueCache:
    """The catalogues used last. Safe to use from several threads; two that miss at once may both make one."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Catalogue] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], Catalogue]) -> Catalogue:
        """The catalogue of an image's key, made when it is not kept."""
        with self._lock:
            found = self._entries.get(key)
        made = make() if found is None else found
        with self._lock:
            self._entries[key] = made
            self._entries.move_to_end(key)
            while len(self._entries) > KEPT:
                self._entries.popitem(last=False)
        return made

    def drop(self, key: str) -> None:
        """Forget an image."""
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget every image."""
        with self._lock:
            self._entries.clear()
