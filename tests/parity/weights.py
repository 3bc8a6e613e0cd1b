"""Weights that anyone can make again: normal numbers seeded by a parameter's published name, scaled by what it is."""

import hashlib
import re

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

NOT_MADE = re.compile(r"(relative_position_index|logit_scale|empty_weight)$")

# (pattern, offset, scale), the first that matches decides; what none matches is a weight matrix.
SHIFTED = (
    (r"(^|\.)(norm[0-3]?|decoder_norm|enc_output_norm|ln_1|ln_2|ln_final)\.weight$", 1.0, 0.1),
    (r"pixel_decoder\.input_proj\.\d+\.1\.weight$", 1.0, 0.1),
    (r"relative_position_bias_table$", 0.0, 0.5),
    (r"((mask_tokens|pb_embedding|label_enc)\.weight|level_embed)$", 0.0, 1.0),
    (r"(class_embed|class_embed_part|lang_mapper)$", 0.0, 0.02),
    (r"sampling_offsets\.bias$", 0.0, 2.0),
    (r"iou_prediction_head\.layers\.2\.bias$", 0.75, 0.02),
    (r"_bbox_embed\.layers\.2\.bias$", (0.0, 0.0, 0.4, 0.4), 0.1),
    (r"bias$", 0.0, 0.1),
)

# Matrices that read the output of a ReLU have rows of zero mean, or the six queries would look alike.
AFTER_RELU = re.compile(
    r"(\.linear2|pixel_decoder\.mask_features|ref_point_head\.layers\.1"
    r"|(mask_embed|_bbox_embed|iou_prediction_head)\.layers\.[12])\.weight$"
)
GAINS = (
    (r"predictor\.decoder\.layers\.\d+\.linear2\.weight$", 0.25),
    (r"self_attn\.in_proj_weight$", 2.0),
    (r"self_attn\.out_proj\.weight$", 0.3),
    (r"cross_attn\.output_proj\.weight$", 0.4),
    (r"_bbox_embed\.layers\.2\.weight$", 0.5),
    (r"mask_embed\.layers\.2\.weight$", 1.5),
)


def made_weight(name: str, shape: tuple[int, ...]) -> Values | None:
    """The float32 value of a published parameter, None for what keeps the value that it has."""
    if NOT_MADE.search(name):
        return None
    noise = _noise(name, shape)
    for pattern, offset, scale in SHIFTED:
        if re.search(pattern, name):
            scaled = np.float32(scale) * noise
            return scaled if offset == 0.0 else np.asarray(offset, np.float32) + scaled
    return _matrix(name, noise)


def digest(values: Values) -> str:
    """SHA-256 of the float32 bytes."""
    return hashlib.sha256(np.ascontiguousarray(values, np.float32).tobytes()).hexdigest()


def _noise(name: str, shape: tuple[int, ...]) -> Values:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, np.float32)


def _matrix(name: str, noise: Values) -> Values:
    assert noise.ndim >= 2, f"no rule makes {name}"
    if AFTER_RELU.search(name):
        rows = noise.reshape(len(noise), -1)
        rows = rows - rows.mean(1, dtype=np.float64, keepdims=True).astype(np.float32)
        noise = rows.reshape(noise.shape)
    spread = np.float32(np.sqrt(noise[0].size))
    if name.endswith("iou_prediction_head.layers.2.weight"):
        return np.float32(0.3) * noise / spread
    gain = next((gain for pattern, gain in GAINS if re.search(pattern, name)), 1.0)
    return np.float32(gain) * (noise / spread)
