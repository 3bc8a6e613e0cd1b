"""The processes of a run, and what they say to each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from semsam_annotate.training.parallel.failing import failing_together


@dataclass(frozen=True)
class World:
    """Process ``rank`` of ``size``, with its own device; alone when there is one."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def places(self, count: int, parts: int = 1) -> list[range]:
        """Neighbouring places of a batch of ``count`` images that this process works off, in ``parts``, evenly."""
        return shares(count, self.size * parts)[self.rank * parts : (self.rank + 1) * parts]

    def sum(self, values: Tensor) -> Tensor:
        """Sum over all processes, the same on each."""
        if self.size == 1:
            return values
        summed = values.to(self.device, copy=True)
        dist.all_reduce(summed)
        return summed

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            self.sum(torch.zeros(1))


def shares(count: int, parts: int) -> list[range]:
    """``count`` places in ``parts`` runs of neighbours whose lengths differ by at most one."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [range(start, end) for start, end in pairwise(edges)]


@contextmanager
def joined(out: Path) -> Iterator[World]:
    """The processes that torchrun started, joined for a run in ``out``; one process alone without torchrun.

    An error in one of them ends all, with one line.
    """
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    device = _device()
    if size == 1:
        yield World(device)
        return
    store = next(rendezvous("env://"))[0]
    with failing_together(store, rank, size, out):
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=PrefixStore("run", store), rank=rank, world_size=size)
        try:
            yield World(device, rank, size)
        finally:
            dist.destroy_process_group()


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device
