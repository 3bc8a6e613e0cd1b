"""Questions of a batch as tensors for the network and the criterion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.model.mask_decoder.prompts import CORNER_END, CORNER_START, NEGATIVE, POSITIVE, UNUSED
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.questions import MOST_CANDIDATES, MOST_CLICKS, Questions, candidates
from semsam_annotate.training.targets import Targets, boxes_of

Click = tuple[int, int, bool]
"""x, y in pixels, and whether the pixel belongs to the mask."""


@dataclass(frozen=True)
class Batch:
    """B images of S x S pixels with N questions each: ``images`` (B, 3, S, S) uint8; ``shown`` (B, 4) as in samples."""

    questions: Sequence[Questions]
    images: Tensor
    shown: Tensor
    prompts: PromptBatch
    targets: Targets


def collate(questions: Sequence[Questions], names: NameIndex, point_size: float) -> Batch:
    """One-click (or one-box) questions as a batch."""
    clicks = [[[(int(x), int(y), True)] for x, y in one.points] for one in questions]
    images = torch.from_numpy(np.stack([one.sample.image for one in questions])).permute(0, 3, 1, 2)
    shown = torch.tensor([one.sample.shown for one in questions])
    prompts = prompts_of(questions, clicks, point_size)
    return Batch(questions, images, shown, prompts, _targets(questions, clicks, names))


def with_clicks(batch: Batch, clicks: Sequence[Sequence[list[Click]]], point_size: float) -> Batch:
    """The same questions after more clicks: ``clicks[image][question]``, the first one included."""
    targets = replace(batch.targets, candidates=_candidates(batch.questions, clicks))
    return replace(batch, prompts=prompts_of(batch.questions, clicks, point_size), targets=targets)


def prompts_of(
    questions: Sequence[Questions], clicks: Sequence[Sequence[list[Click]]], point_size: float
) -> PromptBatch:
    """Prompts in 0..1 of the image: pixel (x, y) is at ((x + 0.5) / S, (y + 0.5) / S). The last token stays unused."""
    side = questions[0].sample.image.shape[0]
    shape = (len(questions), len(questions[0].meant))
    reference = np.zeros((*shape, 4), np.float32)
    places = np.zeros((*shape, MOST_CLICKS + 1, 2), np.float32)
    kinds = np.full((*shape, MOST_CLICKS + 1), UNUSED, np.int64)
    for b, one in enumerate(questions):
        for n in range(shape[1]):
            if np.isnan(one.boxes[n, 0]):
                for index, (x, y, belongs) in enumerate(clicks[b][n]):
                    places[b, n, index] = (x + 0.5) / side, (y + 0.5) / side
                    kinds[b, n, index] = POSITIVE if belongs else NEGATIVE
                reference[b, n] = (*places[b, n, 0], point_size, point_size)
            else:
                x0, y0, x1, y1 = one.boxes[n] / side
                reference[b, n] = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
                places[b, n, :2] = (x0, y0), (x1, y1)
                kinds[b, n, :2] = CORNER_START, CORNER_END
    of_clicks = np.array([one.click_flag for one in questions])[:, None]
    flag = torch.from_numpy(np.where(kinds[..., 0] == CORNER_START, 1, of_clicks))
    return PromptBatch(torch.from_numpy(reference), flag, torch.from_numpy(places), torch.from_numpy(kinds))


def _targets(questions: Sequence[Questions], clicks: Sequence[Sequence[list[Click]]], names: NameIndex) -> Targets:
    masks = torch.from_numpy(np.concatenate([one.sample.masks for one in questions]))
    starts = _starts(questions)
    clicked = np.stack([one.meant + start for one, start in zip(questions, starts, strict=True)])
    samples = [one.sample for one in questions]
    image = torch.arange(len(samples)).repeat_interleave(torch.tensor([len(sample) for sample in samples]))
    searched = _each(questions, "generic")
    return Targets(
        masks=masks,
        boxes=boxes_of(masks),
        candidates=_candidates(questions, clicks),
        clicked=torch.from_numpy(np.where(_each(questions, "prompted")[:, None], clicked, -1)),
        objects=torch.tensor([names.object(name) for sample in samples for name in sample.objects]),
        parts=torch.tensor([names.part(name) for sample in samples for name in sample.parts]),
        kinds=torch.from_numpy(np.concatenate([sample.kinds for sample in samples]).astype(np.int64)),
        image=image,
        complete=torch.from_numpy(np.array([sample.complete for sample in samples], bool) & searched),
        boxed=torch.from_numpy(np.concatenate([sample.box_only for sample in samples])),
        exhaustive=_told([names.among(sample.exhaustive) for sample in samples], searched),
        exhaustive_parts=_told([names.parts_among(sample.exhaustive) for sample in samples], searched),
        searched=torch.from_numpy(searched),
    )


def _told(names: Sequence[NDArray[np.bool_]], searched: NDArray[np.bool_]) -> Tensor:
    """(B, names) bool: the names that each image is exhaustive in, none where the generic branch does not learn."""
    return torch.from_numpy(np.stack(names) & searched[:, None])


def _each(questions: Sequence[Questions], setting: str) -> NDArray[np.bool_]:
    """(B,) a setting of every image's data set."""
    return np.array([getattr(one.learning, setting) for one in questions], bool)


def _candidates(questions: Sequence[Questions], clicks: Sequence[Sequence[list[Click]]]) -> Tensor:
    rows = np.full((len(questions), len(questions[0].meant), MOST_CANDIDATES), -1, np.int64)
    for b, (one, start) in enumerate(zip(questions, _starts(questions), strict=True)):
        for n, index in enumerate(one.meant if one.learning.prompted else ()):
            boxed = not np.isnan(one.boxes[n, 0])
            found = candidates(one.sample, int(index), clicks[b][n], boxed)
            rows[b, n, : len(found)] = found + start
    return torch.from_numpy(rows)


def _starts(questions: Sequence[Questions]) -> list[int]:
    """Row of each image's first mask."""
    counts = [len(one.sample) for one in questions]
    return [sum(counts[:index]) for index in range(len(counts))]
