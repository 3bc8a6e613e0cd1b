"""Prompts of the annotator as the tensors that the mask decoder takes."""

from collections.abc import Sequence

import numpy as np
import torch

from semsam_annotate.api import BadInput, Prompt
from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.model.mask_decoder.prompts import CORNER_END, CORNER_START, NEGATIVE, POSITIVE, UNUSED

Token = tuple[float, float, int]
"""x, y in 0..1 of the padded input, and the kind of the token."""


def to_batch(prompts: Sequence[Prompt], frame: Frame, config: ModelConfig) -> PromptBatch:
    """One image's prompts, all checked to lie inside it."""
    height, width = frame.image
    for prompt in prompts:
        prompt.check_inside(height, width)
        if not config.mask_decoder.prompt_tokens and len(prompt.points) + (prompt.box is not None) != 1:
            raise BadInput(f"the model {config.name} takes one click or one box at a time")
    tokens = [_tokens(prompt, frame) for prompt in prompts]
    most = max(len(row) for row in tokens) if config.mask_decoder.prompt_tokens else 0
    places = np.zeros((1, len(prompts), most, 2), np.float32)
    kinds = np.full((1, len(prompts), most), UNUSED, np.int64)
    for number, row in enumerate(tokens):
        for slot, (x, y, kind) in enumerate(row[:most]):
            places[0, number, slot], kinds[0, number, slot] = (x, y), kind
    reference = torch.tensor([[_reference(prompt, frame, config) for prompt in prompts]], dtype=torch.float32)
    flag = torch.tensor([[int(prompt.box is not None) for prompt in prompts]])
    return PromptBatch(reference, flag, torch.from_numpy(places), torch.from_numpy(kinds))


def _tokens(prompt: Prompt, frame: Frame) -> list[Token]:
    rows: list[Token] = []
    if prompt.box is not None:
        x0, y0, x1, y1 = _clipped(prompt, frame)
        rows = [(*frame.to_padded(x0, y0), CORNER_START), (*frame.to_padded(x1, y1), CORNER_END)]
    for (x, y), label in zip(prompt.points, prompt.labels, strict=True):
        rows.append((*frame.to_padded(x + 0.5, y + 0.5), POSITIVE if label else NEGATIVE))
    return rows


def _reference(prompt: Prompt, frame: Frame, config: ModelConfig) -> tuple[float, float, float, float]:
    """Box (cx, cy, w, h) that the queries start from: the prompt's box, or one around its first positive click."""
    if prompt.box is not None:
        x0, y0, x1, y1 = _clipped(prompt, frame)
        (left, top), (right, bottom) = frame.to_padded(x0, y0), frame.to_padded(x1, y1)
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    x, y = prompt.points[prompt.labels.index(1)]
    (rows, columns), (high, wide) = frame.input, frame.padded
    size = config.input.point_size
    return (*frame.to_padded(x + 0.5, y + 0.5), size * columns / wide, size * rows / high)


def _clipped(prompt: Prompt, frame: Frame) -> tuple[float, float, float, float]:
    assert prompt.box is not None
    height, width = frame.image
    x0, y0, x1, y1 = prompt.box
    return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
