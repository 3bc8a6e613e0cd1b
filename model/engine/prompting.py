"""Prompts of the annotator as the tensors that the mask decoder takes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from semsam_annotate.api import Prompt, decode_rle
from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.engine.clicks import Click, clicks_of
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE, Frame
from semsam_annotate.model.engine.rough import grid_shares
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.model.mask_decoder.prompts import (
    CORNER_END,
    CORNER_START,
    NEGATIVE,
    POSITIVE,
    PREVIOUS,
    UNUSED,
    mask_centres,
)

Token = tuple[float, float, int]
"""x, y in 0..1 of the padded input, and the kind of the token."""


def to_batch(prompts: Sequence[Prompt], frame: Frame, config: ModelConfig, with_masks: bool = False) -> PromptBatch:
    """One image's prompts, all checked to lie inside it.

    ``with_masks``: show the network the prompts' masks, which it must have been trained with. A network without prompt
    tokens reads nothing but the box or the first positive click.
    """
    for prompt in prompts:
        prompt.check_inside(*frame.image)
    previous = _previous(prompts, frame) if with_masks and config.mask_decoder.prompt_tokens else None
    clicks = [_clicks(prompt, frame) for prompt in prompts]
    tokens = [_tokens(prompt, row, frame) for prompt, row in zip(prompts, clicks, strict=True)]
    if previous is not None:
        _add_masks(tokens, prompts, previous)
    most = max(len(row) for row in tokens) if config.mask_decoder.prompt_tokens else 0
    places = np.zeros((1, len(prompts), most, 2), np.float32)
    kinds = np.full((1, len(prompts), most), UNUSED, np.int64)
    for number, row in enumerate(tokens):
        for slot, (x, y, kind) in enumerate(row[:most]):
            places[0, number, slot], kinds[0, number, slot] = (x, y), kind
    references = [_reference(prompt, row, frame, config) for prompt, row in zip(prompts, clicks, strict=True)]
    reference = torch.tensor([references], dtype=torch.float32)
    flag = torch.tensor([[int(prompt.box is not None) for prompt in prompts]])
    return PromptBatch(reference, flag, torch.from_numpy(places), torch.from_numpy(kinds), previous)


def _clicks(prompt: Prompt, frame: Frame) -> list[Click]:
    """The prompt's clicks, anchor first; where nothing else says what belongs, the innermost pixel of its mask."""
    clicks = clicks_of(prompt, frame.image)
    if prompt.box is None and prompt.mask is not None and not any(click.label for click in clicks):
        return [Click(*innermost(decode_rle(prompt.mask)), 1), *clicks]
    return clicks


def _tokens(prompt: Prompt, clicks: Sequence[Click], frame: Frame) -> list[Token]:
    rows: list[Token] = []
    if prompt.box is not None:
        x0, y0, x1, y1 = _clipped(prompt, frame)
        rows = [(*frame.to_padded(x0, y0), CORNER_START), (*frame.to_padded(x1, y1), CORNER_END)]
    for x, y, label in clicks:
        rows.append((*frame.to_padded(x + 0.5, y + 0.5), POSITIVE if label else NEGATIVE))
    return rows


def _previous(prompts: Sequence[Prompt], frame: Frame) -> Tensor | None:
    """(1, N, h, w) shares of the prompts' masks, zeros for those without; None when no prompt has one."""
    if all(prompt.mask is None for prompt in prompts):
        return None
    blank = torch.zeros([side // MASK_STRIDE for side in frame.padded])
    return torch.stack([blank if one.mask is None else grid_shares(decode_rle(one.mask), frame) for one in prompts])[
        None
    ]


def _add_masks(tokens: list[list[Token]], prompts: Sequence[Prompt], previous: Tensor) -> None:
    """Add the token of the previous mask, at its centre of mass, where a prompt has one."""
    for row, prompt, (x, y) in zip(tokens, prompts, mask_centres(previous[0]).tolist(), strict=True):
        if prompt.mask is not None:
            row.append((x, y, PREVIOUS))


def _reference(
    prompt: Prompt, clicks: Sequence[Click], frame: Frame, config: ModelConfig
) -> tuple[float, float, float, float]:
    """Box (cx, cy, w, h) that the queries start from: the prompt's box, or one around its first positive click."""
    if prompt.box is not None:
        x0, y0, x1, y1 = _clipped(prompt, frame)
        (left, top), (right, bottom) = frame.to_padded(x0, y0), frame.to_padded(x1, y1)
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    (rows, columns), (high, wide) = frame.input, frame.padded
    size = config.input.point_size
    return (*frame.to_padded(clicks[0].x + 0.5, clicks[0].y + 0.5), size * columns / wide, size * rows / high)


def _clipped(prompt: Prompt, frame: Frame) -> tuple[float, float, float, float]:
    assert prompt.box is not None
    height, width = frame.image
    x0, y0, x1, y1 = prompt.box
    return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
