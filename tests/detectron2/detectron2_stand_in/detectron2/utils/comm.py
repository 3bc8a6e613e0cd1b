"""docs/modules/utils: processes talk through torch.distributed, where it was started."""

import torch.distributed as dist


def get_world_size():
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_main_process():
    return get_world_size() == 1 or dist.get_rank() == 0


def synchronize():
    if get_world_size() > 1:
        dist.barrier()


def gather(data, dst=0):
    """On ``dst`` what every process gave, elsewhere nothing."""
    if get_world_size() == 1:
        return [data]
    held = [None] * get_world_size() if dist.get_rank() == dst else None
    dist.gather_object(data, held, dst=dst)
    return held or []
