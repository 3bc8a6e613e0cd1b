"""Features, masks, boxes and scores of the recorded runs."""

import hashlib

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semsam_annotate.model.config import InputConfig
from semsam_annotate.model.engine.preprocessing import Frame, to_input
from semsam_annotate.model.mask_decoder import PromptBatch

FEATURES, BOXES, PIXELS = 1e-3, 1e-4, 0.0005
CASES = [
    "c1_tiny_raw",
    "c2_landscape_640",
    "c3_portrait_640_border",
    "c4_multi_raw",
    "c5_box_raw_pb0",
    "c5_box_raw_pb1",
    "c6_large_640",
    "c11_swinL_tiny_raw",
]


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_case(name, case, network_of, measured):
    recorded = case(name)
    network = network_of("swin-l" if "swinL" in name else "swin-t")
    image = as_input(recorded)
    maps = network.image_encoder(network.normalise(image))
    pixels = network.pixel_decoder(maps)
    features = {f"res{index + 2}": level for index, level in enumerate(maps)}
    features |= {f"ms{index}": level for index, level in enumerate(pixels.levels)}
    features["mask_features"] = pixels.mask_features
    for key, value in features.items():
        check_feature(name, key, value[0].numpy(), recorded.arrays, measured)
    memory = network.mask_decoder.remember(pixels.mask_features, pixels.levels)
    prompts = padded_prompts(recorded, image.shape[-2:])
    flag = int(recorded.arrays["pb"])
    for prefix, batch, mutual in ways_of_asking(prompts, flag, recorded.arrays):
        layers = network.mask_decoder(memory, batch, True, mutual)
        check_answers(layers, recorded, prefix, image.shape[-2:], name, measured)


def ways_of_asking(prompts, flag, arrays):
    """All together seeing each other, together but apart, and one by one: as far as they were recorded."""
    yield "", PromptBatch.of_boxes(prompts, flag), True
    if "blockdiag_lowres_logits" in arrays:
        yield "blockdiag_", PromptBatch.of_boxes(prompts, flag), False
    for index in range(prompts.shape[1]):
        if f"single{index}_lowres_logits" in arrays:
            yield f"single{index}_", PromptBatch.of_boxes(prompts[:, index : index + 1], flag), False


def as_input(recorded):
    """The network's input through our own preprocessing, checked against the recorded pixels."""
    image = recorded.image
    made = recorded.facts["image"]
    assert hashlib.sha256(image.tobytes()).hexdigest() == made["sha256"]
    if "resized_sha256" not in recorded.facts:
        return torch.from_numpy(image).permute(2, 0, 1)[None]
    frame = Frame.of(made["h"], made["w"], InputConfig())
    assert list(frame.input) == recorded.facts["input_hw"]
    assert list(frame.padded) == recorded.facts["padded_hw"]
    resized = to_input(image, frame)
    pixels = resized[0].permute(1, 2, 0).contiguous().numpy()
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == recorded.facts["resized_sha256"]
    return resized


def padded_prompts(recorded, size):
    """(1, N, 4): recorded prompts are relative to the input without its padding."""
    (height, width), (high, wide) = size, recorded.facts["padded_hw"]
    share = torch.tensor([width / wide, height / high] * 2)
    return torch.from_numpy(recorded.arrays["prompts_cxcywh"])[None] * share


def check_feature(case, key, value, arrays, measured):
    assert list(value.shape) == list(arrays[f"feat_{key}_shape"][1:]), key
    if f"feat_{key}" in arrays:
        measured.close(case, "features", value, arrays[f"feat_{key}"], FEATURES)
        return
    steps = (max(1, value.shape[0] // 8), max(1, value.shape[1] // 6), max(1, value.shape[2] // 6))
    some = value[:: steps[0], :: steps[1], :: steps[2]]
    measured.close(case, "features", some, arrays[f"feat_{key}_slice"], FEATURES)
    means, spreads = arrays[f"feat_{key}_cstats"]
    measured.close(case, "feature means", value.mean((1, 2)), means, FEATURES)
    measured.close(case, "feature spreads", value.std((1, 2)), spreads, FEATURES)


def check_answers(layers, recorded, prefix, size, case, measured):
    arrays, last = recorded.arrays, layers[-1]
    logits = last.masks[0].flatten(0, 1)
    stored = arrays[f"{prefix}lowres_logits"]
    single = stored.dtype == np.float32
    what = "logits" if single else "logits (recorded as f16)"
    measured.close(case, what, logits.numpy(), stored, 1e-3 if single else 2e-2)
    check_boxes(case, last, arrays[f"{prefix}ious"], arrays[f"{prefix}boxes_cxcywh_padded"], measured)
    if f"{prefix}aux_boxes" in arrays:
        for layer, ious, boxes in zip(layers, arrays[f"{prefix}aux_ious"], arrays[f"{prefix}aux_boxes"], strict=False):
            check_boxes(case, layer, ious, boxes, measured)
    if f"{prefix}mask_bits" in arrays:
        masks = as_masks(logits, recorded.facts["padded_hw"], size)
        measured.same_masks(case, "mask pixels", masks, unpacked(arrays[f"{prefix}mask_bits"], size), PIXELS)


def check_boxes(case, predictions, ious, boxes, measured):
    measured.close(case, "predicted IoU", predictions.scores[0, ..., 0].numpy(), ious, BOXES)
    measured.close(case, "boxes", predictions.boxes[0].flatten(0, 1).numpy(), boxes, BOXES)


def as_masks(logits, padded, size):
    """Masks at input resolution."""
    full = F.interpolate(logits[None], tuple(padded), mode="bilinear", align_corners=False)[0]
    return (full > 0).numpy()[:, : size[0], : size[1]]


def unpacked(bits, size):
    """Recorded masks (M, H, W) bool."""
    return np.unpackbits(bits, axis=1, count=size[0] * size[1]).reshape(-1, *size).astype(bool)
