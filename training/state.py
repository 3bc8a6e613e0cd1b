"""The state of a run on disk: weights, optimiser moments and step, in one safetensors file, replaced atomically."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from semsam_annotate.api import BadInput
from semsam_annotate.training.parallel import assign, sharded_as, whole
from semsam_annotate.training.step import Learner

MOMENTS = ("exp_avg", "exp_avg_sq")


def gather_state(learner: Learner, step: int) -> dict[str, Tensor]:
    """Everything that the next step depends on, whole, on the CPU; ``step`` is the number of steps done.

    All processes must ask, and only the first is answered: the others get an empty dictionary.
    """
    kept: dict[str, Tensor] = {}

    def keep(name: str, value: Tensor) -> None:
        full = whole(value)
        if learner.world.first:
            kept[name] = full.cpu().contiguous()

    for name, value in learner.network.state_dict().items():
        keep(f"network.{name}", value)
    for name, value in learner.average.values.items():
        keep(f"average.{name}", value)
    for name, parameter in learner.network.named_parameters():
        held = learner.optimizer.state.get(parameter)
        if held:
            for key in MOMENTS:
                keep(f"{key}.{name}", held[key])
            keep(f"step.{name}", torch.as_tensor(held["step"]))
    for name, value in learner.guard.state().items():
        keep(f"guard.{name}", value)
    keep("done", torch.tensor(step))
    return kept


def save_state(tensors: dict[str, Tensor], path: Path) -> None:
    """Write a gathered state, all or nothing."""
    partial = path.with_name(f"{path.name}.part")
    with open(partial, "wb") as file:
        file.write(save(tensors))
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def load_state(learner: Learner, path: Path) -> int:
    """Restore a run, on as many processes as there are; returns the number of steps done.

    Raises BadInput when the file belongs to another network.
    """
    try:
        tensors = load_file(path)
        for name, value in learner.network.state_dict(keep_vars=True).items():
            assign(value, tensors[f"network.{name}"])
        for name, value in learner.average.values.items():
            assign(value, tensors[f"average.{name}"])
    except SafetensorError as error:
        raise BadInput(f"{path} is damaged ({error}); train into an empty folder") from error
    except (KeyError, RuntimeError) as error:
        raise BadInput(f"{path} belongs to another network; train into an empty folder") from error
    for name, parameter in learner.network.named_parameters():
        if f"step.{name}" in tensors:
            moments = {key: sharded_as(tensors[f"{key}.{name}"], parameter) for key in MOMENTS}
            learner.optimizer.state[parameter] = {"step": tensors[f"step.{name}"], **moments}
    if "guard.totals" in tensors:
        learner.guard.load({name: tensors[f"guard.{name}"] for name in ("totals", "skips")})
    return int(tensors["done"])
