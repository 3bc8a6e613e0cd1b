"""Every tensor of a published checkpoint: ours under their names, copies of shared layers, and tables."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.config import ClipTextConfig, ModelConfig
from semsam_annotate.model.image_encoder.window_attention import relative_index
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.presets import preset

PREDICTOR = "sem_seg_head.predictor"
UNUSED = {f"{PREDICTOR}.lang_mapper": (512, 256)}
"""Published, and read by nothing."""
OWN = {"class_heads.logit_scale", "class_heads.null_logits"}
"""Parameters that the released checkpoints do not have. With a text tower, the first one belongs to it."""
TEXT = f"{PREDICTOR}.lang_encoder."

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """``shapes`` of all tensors; ``aliases`` hold the same values as the tensor named; ``tables`` can be computed."""

    shapes: dict[str, Shape]
    aliases: dict[str, str]
    tables: dict[str, Tensor]


@cache
def layout_of(name: str, text: bool = False) -> Layout:
    """The layout of a published network by its preset; with ``text``, with the text tower of the published code."""
    with torch.device("meta"):
        network = SemanticSam(published_config(name, text))
    state = network.state_dict()
    hidden = OWN - {"class_heads.logit_scale"} if text else OWN
    own = {_published(key): tuple(value.shape) for key, value in state.items() if key not in hidden}
    aliases = _aliases(own, network.config.mask_decoder.layers)
    tables = {key.replace("bias_table", "index"): _index(shape) for key, shape in own.items() if "bias_table" in key}
    copies = {alias: own[key] for alias, key in aliases.items()}
    indices = {key: tuple(value.shape) for key, value in tables.items()}
    return Layout({**own, **copies, **indices, **UNUSED}, aliases, tables)


def published_config(name: str, text: bool) -> ModelConfig:
    """The preset of a published network, with or without CLIP's text tower."""
    return replace(preset(name), clip_text=ClipTextConfig()) if text else preset(name)


def _published(key: str) -> str:
    name = published_name(key)
    if name is None:
        raise ValueError(f"{key} has no published name")
    return name


def _aliases(own: dict[str, Shape], layers: int) -> dict[str, str]:
    """The one box head stands there for every layer, twice, and the decoder's norm twice."""
    found = {key.replace("decoder_norm", "decoder.norm"): key for key in own if f"{PREDICTOR}.decoder_norm." in key}
    for key in (key for key in own if f"{PREDICTOR}._bbox_embed." in key):
        for layer in range(layers):
            for place in ("bbox_embed", "decoder.bbox_embed"):
                found[key.replace("_bbox_embed", f"{place}.{layer}")] = key
    return found


def _index(shape: Shape) -> Tensor:
    """The rows of a bias table of (2 * window - 1)² rows for the pairs of tokens of a window."""
    return relative_index((round(shape[0] ** 0.5) + 1) // 2)
