"""Proposals as detectron2's ``Instances`` and back."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Mask, Proposal, encode_rle
from semsam_annotate.detectron2.classes import class_of, is_part_name, labels_of
from semsam_annotate.detectron2.installed import of_detectron2


def to_instances(
    proposals: Iterable[Proposal],
    image_size: tuple[int, int],
    classes: Sequence[str] = (),
    by_name: bool = False,
    part: bool | None = None,
) -> Any:
    """``Instances`` of an image of ``image_size`` (height, width), in the order given.

    Fields, N each: ``pred_boxes`` (edges, exclusive), ``scores``, ``pred_classes`` (numbers in ``classes``, names as
    ``object`` or ``object:part``; len(classes), detectron2's background, where none fits), ``pred_masks`` (N, H, W)
    bool; and of ours ``qualities`` (predicted IoU), ``class_scores`` (chance of the name), ``levels``, ``stabilities``,
    ``part_probabilities``. ``by_name``: ``scores`` are chances of names, as detectors have them, else qualities.
    ``part``: whether they are parts, by default as their part probability says. Raises BadInput without detectron2.
    """
    structures, listed = of_detectron2("structures"), list(proposals)
    parts = [one.part_probability > 0.5 if part is None else part for one in listed]
    named = [class_of(one, classes, kind) for one, kind in zip(listed, parts, strict=True)]
    chances = _floats(chance for _, chance in named)
    qualities = _floats(one.score for one in listed)
    return structures.Instances(
        image_size,
        pred_boxes=structures.Boxes(torch.tensor([one.box for one in listed], dtype=torch.float32).reshape(-1, 4)),
        scores=chances if by_name else qualities,
        pred_classes=torch.tensor([number for number, _ in named], dtype=torch.int64),
        pred_masks=torch.from_numpy(_stacked([one.mask for one in listed], image_size)),
        qualities=qualities,
        class_scores=chances,
        levels=torch.tensor([one.level for one in listed], dtype=torch.int64),
        stabilities=_floats(one.stability for one in listed),
        part_probabilities=_floats(one.part_probability for one in listed),
    )


def to_proposals(proposals: Iterable[Proposal], image_size: tuple[int, int]) -> Any:
    """As Fast R-CNN takes them: ``proposal_boxes`` and ``objectness_logits``, which are log-odds of qualities."""
    structures, listed = of_detectron2("structures"), list(proposals)
    boxes = torch.tensor([one.box for one in listed], dtype=torch.float32).reshape(-1, 4)
    logits = torch.logit(_floats(one.score for one in listed), eps=1e-6)
    return structures.Instances(image_size, proposal_boxes=structures.Boxes(boxes), objectness_logits=logits)


def from_instances(instances: Any, classes: Sequence[str] = (), model: str = "detectron2") -> list[Proposal]:
    """Proposals of ``Instances`` with masks, ours or those of another model; ids are new, empty masks left out.

    Of names only the class is known. What only ours know is, of others: level 1, stability the score, and a part where
    its class is one. BadInput for instances without masks.
    """
    fields = instances.to("cpu").get_fields()
    if "pred_masks" not in fields:
        raise BadInput("instances without pred_masks have only boxes: what is measured and stored here are masks")
    masks = np.asarray(getattr(fields["pred_masks"], "tensor", fields["pred_masks"]).numpy(), bool)
    scores = fields["scores"].tolist()
    rows = {name: fields[name].tolist() if name in fields else scores for name in _SCORES}
    numbers = fields["pred_classes"].tolist()
    levels = fields["levels"].tolist() if "levels" in fields else [1] * len(numbers)
    kinds = fields["part_probabilities"].tolist() if "part_probabilities" in fields else None
    made = []
    for place, mask in enumerate(masks):
        if mask.any():
            objects, parts = labels_of(numbers[place], rows["class_scores"][place], classes)
            known = numbers[place] < len(classes) and is_part_name(classes[numbers[place]])
            made.append(
                Proposal(
                    id=str(uuid.uuid4()),
                    model=model,
                    score=rows["qualities"][place],
                    stability=rows["stabilities"][place],
                    level=levels[place],
                    box=_box(mask),
                    rle=encode_rle(mask),
                    part_probability=float(known) if kinds is None else kinds[place],
                    object_labels=objects,
                    part_labels=parts,
                )
            )
    return made


_SCORES = ("qualities", "class_scores", "stabilities")
"""Fields of ours that stand in for ``scores`` where they are."""


def _floats(values: Iterable[float]) -> torch.Tensor:
    return torch.tensor(list(values), dtype=torch.float32)


def _stacked(masks: Sequence[Mask], size: tuple[int, int]) -> NDArray[np.bool_]:
    return np.stack(masks).astype(bool) if masks else np.zeros((0, *size), bool)


def _box(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
