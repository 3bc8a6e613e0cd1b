"""Corrective clicks from the network's own answers, so that a second click is trained, not filtered."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.model.mask_decoder import ImageMemory, MaskDecoder, PromptBatch
from semsam_annotate.model.mask_decoder.prompts import PREVIOUS, UNUSED, mask_centres
from semsam_annotate.training.batch import Batch, Click, with_clicks
from semsam_annotate.training.clicking import correction
from semsam_annotate.training.config import PromptConfig
from semsam_annotate.training.points import Rand
from semsam_annotate.training.questions import MOST_CLICKS


def add_corrections(
    decoder: MaskDecoder, memory: ImageMemory, batch: Batch, config: PromptConfig, point_size: float, rand: Rand
) -> Batch:
    """The batch with its last ``corrections`` questions of every image corrected by one click, half of them by two.

    A share ``previous`` of them shows the network its mask of the round before.
    """
    count = config.corrections
    shape = (len(batch.questions), count)
    shown = (
        rand(shape, torch.arange(shape[0], device=memory.mask_features.device)).cpu() < config.previous
        if config.previous
        else torch.zeros(shape, dtype=torch.bool)
    )
    clicks = [[[(int(x), int(y), True)] for x, y in one.points] for one in batch.questions]
    rounds = MOST_CLICKS - 1
    for turn in range(rounds if count else 0):
        chosen = [n for n in range(batch.prompts.count - count, batch.prompts.count) if turn == 0 or n % 2]
        if not chosen:
            break
        answers = _best_masks(decoder, memory, _rows(batch.prompts, chosen))
        for b, one in enumerate(batch.questions):
            for slot, n in enumerate(chosen):
                if not one.sample.box_only[one.meant[n]]:
                    _correct(clicks[b][n], answers[b, slot].numpy() > 0.5, one.sample.masks[one.meant[n]])
        earlier = batch.prompts
        batch = with_clicks(batch, clicks, point_size)
        if config.previous:
            rows = torch.tensor(chosen)
            prompts = _with_previous(batch.prompts, earlier, answers, rows, shown[:, rows - (earlier.count - count)])
            batch = replace(batch, prompts=prompts)
    return batch


def _with_previous(
    prompts: PromptBatch, earlier: PromptBatch, answers: Tensor, chosen: Tensor, shown: Tensor
) -> PromptBatch:
    """Prompts that show ``answers`` (B, n, h, w), probabilities, for the rows ``chosen`` (n,) where ``shown`` (B, n).

    Other rows show what they showed ``earlier``.
    """
    blank = answers.new_zeros((*prompts.flag.shape, *answers.shape[-2:]))
    previous = blank if earlier.previous is None else earlier.previous.clone()
    places, kinds = prompts.token_places.clone(), prompts.token_kinds.clone()
    places[:, :, -1], kinds[:, :, -1] = earlier.token_places[:, :, -1], earlier.token_kinds[:, :, -1]
    previous[:, chosen], places[:, chosen, -1] = answers, mask_centres(answers)
    kinds[:, chosen, -1] = torch.where(shown & (answers > 0.5).flatten(2).any(-1), PREVIOUS, UNUSED)
    return replace(prompts, token_places=places, token_kinds=kinds, previous=previous)


@torch.no_grad()
def _best_masks(decoder: MaskDecoder, memory: ImageMemory, prompts: PromptBatch) -> Tensor:
    """(B, n, h, w) probabilities on the CPU: the mask with the best score of each question, at stride 4."""
    last = decoder(memory, prompts.to(memory.mask_features.device))[-1]
    best = last.scores[..., -1].argmax(-1)
    index = best[..., None, None, None].expand(-1, -1, 1, *last.masks.shape[-2:])
    shares: Tensor = last.masks.gather(2, index)[:, :, 0].sigmoid().cpu()
    return shares


def _rows(prompts: PromptBatch, chosen: list[int]) -> PromptBatch:
    return replace(
        prompts,
        reference=prompts.reference[:, chosen],
        flag=prompts.flag[:, chosen],
        token_places=prompts.token_places[:, chosen],
        token_kinds=prompts.token_kinds[:, chosen],
        previous=None if prompts.previous is None else prompts.previous[:, chosen],
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
