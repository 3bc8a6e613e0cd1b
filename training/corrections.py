"""Corrective clicks from the network's own answers, so that a second click is trained, not filtered."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.model.mask_decoder import ImageMemory, MaskDecoder, PromptBatch
from semsam_annotate.training.batch import Batch, Click, with_clicks
from semsam_annotate.training.clicking import correction
from semsam_annotate.training.questions import MOST_CLICKS


def add_corrections(decoder: MaskDecoder, memory: ImageMemory, batch: Batch, count: int, point_size: float) -> Batch:
    """The batch with its last ``count`` questions of every image corrected by one click, half of them by two."""
    clicks = [[[(int(x), int(y), True)] for x, y in one.points] for one in batch.questions]
    rounds = MOST_CLICKS - 1
    for turn in range(rounds if count else 0):
        chosen = [n for n in range(batch.prompts.count - count, batch.prompts.count) if turn == 0 or n % 2]
        if not chosen:
            break
        answers = _best_masks(decoder, memory, _rows(batch.prompts, chosen))
        for b, one in enumerate(batch.questions):
            for slot, n in enumerate(chosen):
                _correct(clicks[b][n], answers[b, slot], one.sample.masks[one.meant[n]])
        batch = with_clicks(batch, clicks, point_size)
    return batch


@torch.no_grad()
def _best_masks(decoder: MaskDecoder, memory: ImageMemory, prompts: PromptBatch) -> np.ndarray:
    """(B, n, h, w) bool: the mask with the best score of each question, at stride 4."""
    last = decoder(memory, prompts.to(memory.mask_features.device))[-1]
    best = last.scores[..., -1].argmax(-1)
    index = best[..., None, None, None].expand(-1, -1, 1, *last.masks.shape[-2:])
    out: np.ndarray = (last.masks.gather(2, index)[:, :, 0] > 0).cpu().numpy()
    return out


def _rows(prompts: PromptBatch, chosen: list[int]) -> PromptBatch:
    return replace(
        prompts,
        reference=prompts.reference[:, chosen],
        flag=prompts.flag[:, chosen],
        token_places=prompts.token_places[:, chosen],
        token_kinds=prompts.token_kinds[:, chosen],
    )


def _correct(clicks: list[Click], answer: np.ndarray, truth: np.ndarray) -> None:
    """Add the corrective click; it is found at stride 4 and checked against the mask itself."""
    factor = truth.shape[0] // answer.shape[0]
    small = F.avg_pool2d(torch.from_numpy(truth)[None].float(), factor)[0].numpy() > 0.5
    found = correction(answer, small)
    if found is None:
        return
    x, y = (int(value * factor + factor // 2) for value in found[0])
    clicks.append((x, y, bool(truth[y, x])))


def detached(memory: ImageMemory) -> ImageMemory:
    """The memory without its gradient history."""
    values: tuple[Tensor, ...] = tuple(value.detach() for value in memory.values)
    return replace(memory, mask_features=memory.mask_features.detach(), values=values)
