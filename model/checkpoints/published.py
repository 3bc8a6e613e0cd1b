"""Published Semantic-SAM checkpoints (.pth), compared with our network tensor by tensor and converted once."""

import hashlib
import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.published_layout import TEXT, Layout, layout_of, published_config
from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.checkpoints.weights import CheckpointCard, save_checkpoint
from semsam_annotate.model.network import SemanticSam

NETWORKS = ("swin-t", "swin-l", "swin-l-sam")
PREFIX = "model."
LEVELS = (3, 5, 2, 1, 4, 6)
"""Granularity level of each query token: published the other way round, levels 1 to 6 are tokens 3, 2, 0, 4, 1, 5."""
SHOWN = 5


@dataclass(frozen=True)
class Conversion:
    """What became of a published checkpoint; ``ignored`` are entries that hold no weights of the network."""

    network: str
    version: str
    path: Path
    sha256: str
    ignored: tuple[str, ...]


def convert(source: Path, target: Path) -> Conversion:
    """Convert to our format in full precision; BadInput, and nothing written, unless every tensor is as expected.

    The file is read without running anything in it. Missing, unexpected and wrongly shaped tensors, shared layers whose
    copies differ and values that are not finite are errors that name them.
    """
    tensors, ignored = read_published(source)
    name, text = which(tensors)
    check(source, name, tensors, layout_of(name, text))
    network = SemanticSam(published_config(name, text))
    state = network.state_dict()
    ours = {key: tensors[published] for key in state if (published := published_name(key) or "") in tensors}
    network.load_state_dict({**state, **{key: value.float() for key, value in ours.items()}})
    digest = _sha256(source)
    tokens = network.config.mask_decoder.granularities
    levels = LEVELS if tokens == len(LEVELS) else tuple(range(1, tokens + 1))  # the order of fewer was not published
    card = CheckpointCard(network.config, levels, trained={"published": source.name, "sha256": digest})
    version = save_checkpoint(network, card, target, half=False)
    return Conversion(name, version, target, digest, ignored)


def which(tensors: dict[str, Tensor]) -> tuple[str, bool]:
    """The published network that the tensors resemble most, and whether they hold a text tower."""
    text = any(key.startswith(TEXT) for key in tensors)

    def differences(name: str) -> int:
        shapes = layout_of(name, text).shapes
        return sum(key not in tensors or tuple(tensors[key].shape) != shape for key, shape in shapes.items())

    return min(NETWORKS, key=differences), text


def read_published(source: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Tensors by name without the leading "model.", and the names of entries that are no weights of the network."""
    content = _load(source)
    inner = content.get("model") if isinstance(content, dict) else None
    if not isinstance(inner, dict) or not all(isinstance(key, str) for key in inner):
        raise BadInput(f'{source} is not a published checkpoint: it has no table of tensors under "model"')
    weights = {key for key, value in inner.items() if isinstance(value, Tensor) and not key.endswith("empty_weight")}
    foreign = sorted(key for key in weights if not key.startswith(PREFIX))
    if foreign:
        raise BadInput(f"{source} has the unexpected {_some(foreign)}: names begin with {PREFIX!r}")
    tensors = {key.removeprefix(PREFIX): inner[key] for key in inner if key in weights}
    return tensors, tuple(sorted(set(inner) - weights)) + tuple(sorted(str(key) for key in content if key != "model"))


def check(source: Path, name: str, tensors: dict[str, Tensor], layout: Layout) -> None:
    """BadInput unless the tensors are exactly those of the published network ``name``."""
    missing, unexpected = sorted(layout.shapes.keys() - tensors.keys()), sorted(tensors.keys() - layout.shapes.keys())
    wrong = [
        f"{key} {tuple(value.shape)} instead of {layout.shapes[key]}"
        for key, value in tensors.items()
        if key in layout.shapes and tuple(value.shape) != layout.shapes[key]
    ]
    faults = [f"{what} {_some(keys)}" for what, keys in (("missing", missing), ("unexpected", unexpected)) if keys]
    faults += [f"wrong shape: {_some(wrong)}"] if wrong else []
    if not faults:
        faults = _wrong_values(tensors, layout)
    if faults:
        raise BadInput(f"{source} is not the published {name}: {'; '.join(faults)}")


def _wrong_values(tensors: dict[str, Tensor], layout: Layout) -> list[str]:
    differ = [f"{alias} and {key}" for alias, key in layout.aliases.items() if not tensors[alias].equal(tensors[key])]
    moved = [key for key, value in layout.tables.items() if not tensors[key].long().equal(value)]
    floats = [key for key in tensors if key not in layout.tables]
    integers = [key for key in floats if not tensors[key].is_floating_point()]
    broken = [key for key in floats if not bool(tensors[key].isfinite().all())]
    kinds = (("copies that differ:", differ), ("other positions in", moved), ("integers in", integers))
    return [f"{what} {_some(keys)}" for what, keys in (*kinds, ("values that are not finite in", broken)) if keys]


def _load(source: Path) -> Any:
    if not source.is_file():
        raise BadInput(f"there is no checkpoint {source}")
    try:
        return torch.load(source, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(source))
    except pickle.UnpicklingError as error:
        kind = re.search(r"(?:GLOBAL|class|Unsupported \w+) ([\w.]+)", str(error))
        what = f", such as {kind[1]}" if kind else ""
        raise BadInput(f"{source} holds more than tensors{what}; it was refused, and nothing in it was run") from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, OSError, AssertionError) as error:
        first = str(error).strip().partition("\n")[0]
        raise BadInput(f"{source} is damaged or not a PyTorch checkpoint: {first}") from error


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
