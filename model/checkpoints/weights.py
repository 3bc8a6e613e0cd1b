"""Weights on disk: one safetensors file, fp16, its configuration and trained names in the header; no pickle."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from semsam_annotate.api import BadInput
from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.network import SemanticSam

FORMAT = "semsam-weights-1"


@dataclass(frozen=True)
class CheckpointCard:
    """What a checkpoint says of itself.

    ``levels``: granularity level 1 (coarsest) … 6 of each query token, measured after training. ``objects``, ``parts``:
    names that the class heads were trained on.
    """

    config: ModelConfig
    levels: tuple[int, ...]
    objects: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    trained: dict[str, Any] = field(default_factory=dict)
    """How it was made: steps, seed, data hashes, parent version."""

    def __post_init__(self) -> None:
        count = self.config.mask_decoder.granularities
        if len(self.levels) != count or not all(isinstance(level, int) and 1 <= level <= 6 for level in self.levels):
            raise BadInput(f"a model of {count} granularities needs as many levels from 1 to 6, not {self.levels}")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "CheckpointCard":
        """Back from ``to_json``."""
        return cls(
            ModelConfig.from_json(value["config"]),
            tuple(value["levels"]),
            tuple(value["objects"]),
            tuple(value["parts"]),
            dict(value.get("trained") or {}),
        )


def save_checkpoint(network: SemanticSam, card: CheckpointCard, path: Path, half: bool = True) -> str:
    """Write the network, in half precision unless told otherwise, all or nothing; returns its version."""
    tensors = {name: _stored(value, half) for name, value in network.state_dict().items()}
    version = tensors_version(tensors)
    header = {"format": FORMAT, "card": json.dumps(card.to_json(), sort_keys=True), "version": version}
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(save(tensors, header))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return version


def load_checkpoint(path: Path) -> tuple[SemanticSam, CheckpointCard, str]:
    """The network in fp32 on the CPU, its card and version; BadInput for whatever is not such a file, never partial."""
    header = read_header(path)
    try:
        card = CheckpointCard.from_json(json.loads(header["card"]))
        network = SemanticSam(card.config)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise BadInput(f"the weights {path} have a damaged description: {error}") from error
    tensors = _read_tensors(path)
    _check_keys(path, network, tensors)
    if tensors_version(tensors) != header["version"]:
        raise BadInput(f"the weights {path} are damaged: their contents are not those of version {header['version']}")
    _check_finite(path, tensors)
    network.load_state_dict({name: _full(value) for name, value in tensors.items()})
    return network.eval(), card, header["version"]


def read_header(path: Path) -> dict[str, str]:
    """The header of a weights file, without reading the tensors."""
    if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".ckpt"):
        raise BadInput(
            f"{path} may hold a pickle, which is never opened: weights are .safetensors files (published "
            "checkpoints: semsam models convert)"
        )
    if not path.is_file():
        raise BadInput(f"there are no weights at {path}")
    try:
        with safe_open(path, "pt") as opened:
            header: dict[str, str] = dict(opened.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} is not a readable safetensors file: {error}") from error
    if header.get("format") != FORMAT or "card" not in header or "version" not in header:
        raise BadInput(f"{path} is a safetensors file, but not weights of this program ({FORMAT})")
    return header


def tensors_version(tensors: dict[str, Tensor]) -> str:
    """Twelve hexadecimal digits of the contents."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:12]


def _stored(value: Tensor, half: bool) -> Tensor:
    value = value.detach().cpu().contiguous()
    return value.half() if half and value.is_floating_point() else value


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, "pt") as opened:
            names = list(opened.keys())
            return {name: opened.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} is not a readable safetensors file: {error}") from error


def _full(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _check_keys(path: Path, network: SemanticSam, tensors: dict[str, Tensor]) -> None:
    expected = network.state_dict()
    missing, foreign = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    wrong = [name for name in expected if name in tensors and expected[name].shape != tensors[name].shape]
    for names, fault in ((missing, "lack"), (foreign, "have the unknown tensor"), (wrong, "have a wrong shape for")):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise BadInput(f"the weights {path} {fault} {names[0]}{more}")


def _check_finite(path: Path, tensors: dict[str, Tensor]) -> None:
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise BadInput(f"the weights {path} hold NaN or infinity in {name}: training diverged, or half overflowed")
