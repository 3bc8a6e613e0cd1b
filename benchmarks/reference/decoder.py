"""Mask decoder: values projected for every click, every head on every layer."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from reference.attention import deformable_attention
from reference.image import dense, norm

Layer = tuple[Tensor, Tensor, Tensor, Tensor]


def mlp(layers: Any, x: Tensor) -> Tensor:
    for layer in layers[:-1]:
        x = F.relu(dense(layer, x))
    return dense(layers[-1], x)


def inverse_sigmoid(x: Tensor, eps: float = 1e-5) -> Tensor:
    x = x.clamp(0, 1)
    return torch.log(x.clamp(min=eps) / (1 - x).clamp(min=eps))


def sine_boxes(boxes: Tensor, dim: int) -> Tensor:
    step = torch.arange(dim // 2, dtype=torch.float32)
    divisors = 10000 ** (2 * torch.div(step, 2, rounding_mode="floor") / (dim // 2))
    codes = []
    for column in (1, 0, 2, 3):
        angle = boxes[..., column, None] * 2 * math.pi / divisors
        codes.append(torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], -1).flatten(-2))
    return torch.cat(codes, -1)


def decode(decoder: Any, mask_features: Tensor, levels: list[Tensor], boxes: Tensor) -> list[Layer]:
    """Masks (9 x (N * K, h, w)), scores (9 x (N, K)) and states of N prompts (N, 4) seen apart from each other."""
    count, kinds = len(boxes), decoder.granularities
    memory = torch.cat([level.flatten(2).transpose(1, 2) for level in levels[::-1]], 1)
    shapes = [tuple(level.shape[-2:]) for level in levels[::-1]]
    content = decoder.label_enc.weight[0] + decoder.pb_embedding.weight[0] + decoder.mask_tokens.weight
    state = content.repeat(count, 1)[None]
    reference = entered = inverse_sigmoid(boxes.repeat_interleave(kinds, 0))[None].sigmoid()
    group = torch.arange(count * kinds) // kinds
    seen = group[:, None] == group[None]
    out = []
    for layer in decoder.layers:
        position = mlp(decoder.ref_point_head.layers, sine_boxes(reference, state.shape[-1]))
        state = norm(layer.norm2, state + self_attention(layer.self_attn, state, position, seen))
        read = deformable_attention(layer.cross_attn, state + position, reference, memory, shapes)
        state = norm(layer.norm1, state + read)
        state = norm(layer.norm3, state + dense(layer.linear2, F.relu(dense(layer.linear1, state))))
        out.append(heads(decoder, state, entered, mask_features, kinds))
        entered = (mlp(decoder.heads.box_head.layers, state) + inverse_sigmoid(reference)).sigmoid()
        reference = entered.detach()
    return out


def self_attention(layer: Any, x: Tensor, position: Tensor, seen: Tensor) -> Tensor:
    dim = x.shape[-1]
    weight, bias = layer.in_proj_weight, layer.in_proj_bias
    query, key = F.linear(x + position, weight[: 2 * dim], bias[: 2 * dim]).chunk(2, -1)
    value = F.linear(x, weight[2 * dim :], bias[2 * dim :])
    query, key, value = (part.unflatten(-1, (layer.heads, -1)).transpose(1, 2) for part in (query, key, value))
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    mixed = scores.masked_fill(~seen, -math.inf).softmax(-1) @ value
    return dense(layer.out_proj, mixed.transpose(1, 2).flatten(2))


def heads(decoder: Any, state: Tensor, reference: Tensor, mask_features: Tensor, kinds: int) -> Layer:
    normed = norm(decoder.decoder_norm, norm(decoder.decoder_norm, state))
    masks = torch.einsum("bqc,bchw->bqhw", mlp(decoder.heads.mask_head.layers, normed), mask_features)
    boxes = (mlp(decoder.heads.box_head.layers, normed) + inverse_sigmoid(reference)).sigmoid()
    scores = mlp(decoder.heads.iou_head.layers, normed).view(-1, kinds)
    return masks[0], scores, boxes, normed[0]
