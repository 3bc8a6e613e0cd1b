"""DDP or FSDP2 around the forward that computes the losses."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from semsam_annotate.training.config import ParallelConfig
from semsam_annotate.training.parallel.tensors import is_sharded
from semsam_annotate.training.parallel.world import World

Hosts = tuple[type[nn.Module], ...]


def wrap(losses: nn.Module, config: ParallelConfig, world: World, layers: Hosts) -> nn.Module:
    """``losses``, computed by all processes together; gradients come out as means over processes.

    ``layers``: modules of these types are sharded each by itself (FSDP), so that one at a time is whole.
    """
    if world.size == 1:
        return losses
    if config.sync_norms and world.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(losses)
    if config.method == "fsdp":
        return _sharded(losses, world, layers)
    ids = [world.device] if world.device.type == "cuda" else None
    return DistributedDataParallel(losses, device_ids=ids)


def _sharded(losses: nn.Module, world: World, layers: Hosts) -> nn.Module:
    """Scalars stay whole, since there is nothing to shard; ``reduce_scalars`` keeps them in step."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(world.device.type, (world.size,))
    losses.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    scalars = {parameter for parameter in losses.parameters() if parameter.ndim == 0}
    for module in [module for module in losses.modules() if isinstance(module, layers)]:
        fully_shard(module, mesh=mesh, ignored_params=scalars)
    fully_shard(losses, mesh=mesh, ignored_params=scalars)
    return losses


@contextmanager
def in_step(wrapped: nn.Module, last: bool) -> Iterator[None]:
    """Around forward and backward of one part of an accumulated batch: DDP exchanges gradients in the ``last`` alone.

    FSDP exchanges those of every part, so that no process ever holds all of them.
    """
    if isinstance(wrapped, DistributedDataParallel) and not last:
        with wrapped.no_sync():
            yield
        return
    yield


def reduce_scalars(losses: nn.Module, world: World) -> None:
    """Means over the processes of the gradients that FSDP leaves alone."""
    parameters = list(losses.parameters())
    if any(is_sharded(parameter) for parameter in parameters):
        for parameter in parameters:
            if not is_sharded(parameter) and parameter.grad is not None:
                parameter.grad.copy_(world.sum(parameter.grad) / world.size)
