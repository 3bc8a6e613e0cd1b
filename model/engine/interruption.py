"""A place to stop, or to let others by, before every layer of a network."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from semsam_annotate.api import CancelToken
from semsam_annotate.model.mask_decoder.layer import DecoderLayer

T = TypeVar("T")


def unless_cancelled(items: Iterable[T], token: CancelToken | None) -> Iterator[T]:
    """The items, raising ``Cancelled`` before the next one once the token is cancelled."""
    for item in items:
        if token is not None:
            token.check()
        yield item


class CancelPoints:
    """Does what the running call asked for before each layer of a network.

    A layer is a module without children, in the mask decoder a whole ``DecoderLayer``: its hundred parts take
    microseconds each, and hooks of all of them a twentieth of a click. The hooks stay for good: hooks that come and
    go would make a compiled network compile again.
    """

    def __init__(self, network: nn.Module) -> None:
        self._looks: dict[int, Callable[[], None]] = {}
        for module in _layers(network):
            module.register_forward_pre_hook(self._look)

    @contextmanager
    def honour(self, token: CancelToken | None, let_by: Callable[[], None]) -> Iterator[None]:
        """Within it, calls of the network by this thread raise ``Cancelled`` once the token is cancelled.

        ``let_by``: called before each layer.
        """
        thread = threading.get_ident()
        before = self._looks.get(thread)

        def look() -> None:
            if token is not None:
                token.check()
            let_by()

        look()
        self._looks[thread] = look
        try:
            yield
        finally:
            if before is None:
                del self._looks[thread]
            else:
                self._looks[thread] = before

    def _look(self, _: nn.Module, __: Any) -> None:
        if not self._looks or torch.compiler.is_compiling():
            return
        look = self._looks.get(threading.get_ident())
        if look is not None:
            look()


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    children = list(module.children())
    if isinstance(module, DecoderLayer) or not children:
        yield module
    else:
        for child in children:
            yield from _layers(child)
