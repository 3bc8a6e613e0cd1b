"""When memory runs out: smaller batches, then the CPU, and a line in the log that says so."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from semsam_annotate.api import CancelToken
from semsam_annotate.model.engine.cache import EncodedImage
from semsam_annotate.model.engine.loaded import LoadedModel

P = TypeVar("P")
T = TypeVar("T")
ON_CPU = 16
"""Prompts at once after falling back."""
log = logging.getLogger("semsam.engine")


def in_batches(
    image: EncodedImage,
    prompts: Sequence[P],
    answer: Callable[[EncodedImage, Sequence[P]], T],
    at_once: int,
    cancel: CancelToken | None = None,
) -> Iterator[T]:
    """``answer`` for batches of the prompts, or of what takes one each, in order, ``at_once`` at most.

    Out of memory: the batch is halved down to one prompt, then the rest is answered on the CPU. Raises ``Cancelled``
    between batches, and the memory error when the CPU has none either.
    """
    done, fallen = 0, False
    while done < len(prompts):
        if cancel is not None:
            cancel.check()
        some = prompts[done : done + at_once]
        result = _unless_full(lambda image=image, some=some: answer(image, some), fallen and len(some) == 1)  # type: ignore[misc]
        if result is not None:
            done += len(some)
            yield result
        elif len(some) > 1:
            at_once = _halve(len(some))
        else:
            image, at_once, fallen = on_cpu(image), ON_CPU, True


def on_cpu_when_full(model: LoadedModel, work: Callable[[LoadedModel], T]) -> T:
    """``work(model)``; out of memory, once more with the same model on the CPU."""
    result = _unless_full(lambda: work(model), last=False)
    if result is not None:
        return result
    _to_cpu(model.device)
    return work(model.on_cpu())


def on_cpu(image: EncodedImage) -> EncodedImage:
    """The same image and model on the CPU."""
    _to_cpu(image.model.device)
    return image.on_cpu()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device ran out of memory; only CUDA has an error type of its own for that."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error)


def _unless_full(work: Callable[[], T], last: bool) -> T | None:
    """``work()``, None when memory ran out, the error if ``last``; then nothing holds the tensors that failed."""
    try:
        return work()
    except RuntimeError as error:
        if last or not is_out_of_memory(error):
            raise
        return None


def _halve(size: int) -> int:
    log.warning("out of memory with %d prompts at once: going on with %d", size, size // 2)
    _free()
    return size // 2


def _to_cpu(device: torch.device) -> None:
    log.warning("out of memory on %s: going on on the CPU, which is slower", device)
    _free()


def _free() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
