"""The state of a run on disk: weights, optimiser moments and step, in one safetensors file, replaced atomically."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from torch.optim import AdamW

from semsam_annotate.api import BadInput
from semsam_annotate.model.network import SemanticSam

MOMENTS = ("exp_avg", "exp_avg_sq")


def save_state(network: SemanticSam, optimizer: AdamW, step: int, path: Path) -> None:
    """Write everything that the next step depends on; ``step`` is the number of steps done."""
    tensors = {f"network.{name}": value.detach().contiguous() for name, value in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        held = optimizer.state.get(parameter)
        if held:
            tensors |= {f"{key}.{name}": held[key].contiguous() for key in MOMENTS}
            tensors[f"step.{name}"] = torch.as_tensor(held["step"])
    tensors["done"] = torch.tensor(step)
    partial = path.with_name(f"{path.name}.part")
    with open(partial, "wb") as file:
        file.write(save(tensors))
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def load_state(network: SemanticSam, optimizer: AdamW, path: Path) -> int:
    """Restore a run; returns the number of steps done. BadInput when the file belongs to another network."""
    try:
        tensors = load_file(path)
        network.load_state_dict({name: tensors[f"network.{name}"] for name in network.state_dict()})
    except SafetensorError as error:
        raise BadInput(f"{path} is damaged ({error}); train into an empty folder") from error
    except (KeyError, RuntimeError) as error:
        raise BadInput(f"{path} belongs to another network; train into an empty folder") from error
    for name, parameter in network.named_parameters():
        if f"step.{name}" in tensors:
            moments: dict[str, Tensor] = {key: tensors[f"{key}.{name}"] for key in MOMENTS}
            optimizer.state[parameter] = {"step": tensors[f"step.{name}"], **moments}
    return int(tensors["done"])
