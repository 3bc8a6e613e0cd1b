"""Matching, every loss and the gradient of every parameter of the recorded training step."""

import re

import numpy as np
import pytest
import torch

from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.training.criterion import Criterion, CriterionConfig
from semsam_annotate.training.targets import Targets

SHARED = re.compile(r"(predictor\.)(decoder\.)?bbox_embed\.\d+\.")

NAMES = {
    "bce": "loss_mask_bce",
    "dice": "loss_mask_dice",
    "iou": "iou_score_loss",
    "box": "loss_bbox",
    "giou": "loss_giou",
}


def test_c10(case, network_of, pictures_rule):
    recorded = case("c10_train_loss")
    network = network_of("swin-t")
    targets = targets_of(recorded, pictures_rule)
    image = torch.from_numpy(recorded.image).permute(2, 0, 1)[None]
    prompts = PromptBatch.of_boxes(torch.from_numpy(recorded.arrays["points"])[None], 1)
    layers = network.mask_decoder(network.encode(image), prompts, True)
    check_answers(layers[-1], recorded.arrays)
    criterion = Criterion(CriterionConfig(points=recorded.facts["num_points"]))
    losses, matched = criterion(layers, targets, recorded_rand())
    assert matched.query.tolist() == recorded.arrays["match_src"].tolist()
    in_a_row = np.concatenate(recorded.facts["level_target_inds"])  # recorded targets count through all clicks
    assert matched.target.tolist() == in_a_row[recorded.arrays["match_tgt"]].tolist()
    check_losses(losses, recorded.facts["losses_unweighted"])
    total = criterion.total(losses)
    assert total.item() == pytest.approx(recorded.facts["total"], rel=1e-3)
    network.zero_grad(set_to_none=True)
    total.backward()
    check_gradients(network, recorded)
    network.zero_grad(set_to_none=True)


def targets_of(recorded, pictures_rule):
    """The seven masks, their boxes as recorded, and the masks under each click."""
    masks = torch.from_numpy(pictures_rule.true_masks(*recorded.image.shape[:2]))
    bits = recorded.arrays["gt_masks_bits"]
    assert (np.packbits(masks.flatten(1).numpy(), axis=1) == bits).all()
    rows = recorded.facts["level_target_inds"]
    candidates = torch.full((1, len(rows), max(map(len, rows))), -1)
    for index, row in enumerate(rows):
        candidates[0, index, : len(row)] = torch.tensor(row)
    targets = Targets.class_agnostic(masks, candidates)
    np.testing.assert_allclose(targets.boxes.numpy(), recorded.arrays["gt_boxes"], atol=1e-6)
    return targets


def recorded_rand():
    """The n-th call gives the n-th recorded sequence."""
    calls = iter(range(1000, 2000))

    def rand(shape, image=None):
        return torch.from_numpy(np.random.Generator(np.random.PCG64(next(calls))).random(shape, np.float32))

    return rand


def check_answers(last, arrays):
    for value, key, tolerance in ((last.masks, "lowres_logits", 1e-3), (last.boxes, "boxes", 1e-4)):
        np.testing.assert_allclose(value[0].flatten(0, 1).detach().numpy(), arrays[key], atol=tolerance, rtol=0)
    np.testing.assert_allclose(last.scores[0, ..., 0].detach().numpy(), arrays["ious"], atol=1e-4, rtol=0)


def check_losses(losses, recorded):
    """Recorded suffixes: 0 for the last layer, i + 1 for layer i."""
    found = {}
    for key, value in losses.items():
        name, layer = key.rsplit("_", 1)
        found[f"{NAMES[name]}_{0 if layer == '8' else int(layer) + 1}"] = value.item()
    wanted = {key: value for key, value in recorded.items() if not key.startswith("fake_no_loss")}
    assert found == pytest.approx(wanted, rel=1e-3)


def check_gradients(network, recorded):
    # One box head and one norm serve every layer; they were recorded under the first of their names.
    wanted = {SHARED.sub(r"\1_bbox_embed.", name): value for name, value in recorded.facts["grad_norms"].items()}
    wanted = {name.replace("decoder.norm.", "decoder_norm."): value for name, value in wanted.items()}
    found = {}
    for name, parameter in network.named_parameters():
        published = published_name(name)
        if published in wanted:
            found[published] = 0.0 if parameter.grad is None else parameter.grad.norm().item()
    # What nothing reads has no gradient here and a zero one there; the mapper is not even a parameter of ours.
    unread = {name for name in wanted if name not in found}
    assert all(wanted[name] == 0 for name in unread), unread
    assert found == pytest.approx({name: wanted[name] for name in found}, rel=1e-3, abs=1e-6)
    decoder = network.mask_decoder
    for parameter, key in ((decoder.mask_tokens.weight, "grad_mask_tokens"), (decoder.pb_embedding.weight, "grad_pb")):
        scale = np.abs(recorded.arrays[key]).max()
        np.testing.assert_allclose(parameter.grad.numpy(), recorded.arrays[key], atol=1e-3 * scale, rtol=0)
