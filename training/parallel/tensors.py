"""Tensors that may be sharded over processes."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def is_sharded(value: Tensor) -> bool:
    """Whether it is a DTensor, without importing them: that takes a second, and one process has none."""
    return hasattr(value, "full_tensor")


def whole(value: Tensor) -> Tensor:
    """The whole of a tensor, detached; every process must ask for the same one."""
    held = value.detach()
    full: Tensor = held.full_tensor() if is_sharded(held) else held  # type: ignore[attr-defined]
    return full


def sharded_as(value: Tensor, example: Tensor) -> Tensor:
    """A whole ``value`` that each process has, on the device and in the shards of ``example``."""
    moved = value.to(example.device)
    if not is_sharded(example):
        return moved
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(example, DTensor)
    return distribute_tensor(moved, example.device_mesh, example.placements, src_data_rank=None)


@torch.no_grad()
def assign(held: Tensor, value: Tensor) -> None:
    """Overwrite ``held`` with a whole ``value``."""
    held.copy_(sharded_as(value, held))


def gradient_norm(parameters: Iterable[nn.Parameter]) -> float:
    """L2 norm of the gradient of all weights of all processes."""
    norms = [whole(torch.nn.utils.get_total_norm(group)) for group in _gradients(parameters)]
    return float(torch.linalg.vector_norm(torch.stack(norms))) if norms else 0.0


@torch.no_grad()
def scale_gradients(parameters: Iterable[nn.Parameter], factor: float) -> None:
    """Multiply every gradient."""
    for group in _gradients(parameters):
        torch._foreach_mul_(group, factor)


def _gradients(parameters: Iterable[nn.Parameter]) -> list[list[Tensor]]:
    """Gradients in groups that are all sharded or all whole, which cannot be computed with together."""
    found = [parameter.grad for parameter in parameters if parameter.grad is not None]
    groups = [[one for one in found if is_sharded(one) is sharded] for sharded in (True, False)]
    return [group for group in groups if group]
