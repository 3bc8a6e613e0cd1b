"""A place to stop before every layer of a network."""

import threading
from collections.abc import Iterable, Iterator
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
    """Looks at the token of the running call before each layer of a network.

    A layer is a module without children, in the mask decoder a whole ``DecoderLayer``: its hundred parts take
    microseconds each, and hooks of all of them a twentieth of a click. The hooks stay for good: hooks that come and
    go would make a compiled network compile again.
    """

    def __init__(self, network: nn.Module) -> None:
        self._tokens: dict[int, CancelToken] = {}
        for module in _layers(network):
            module.register_forward_pre_hook(self._look)

    @contextmanager
    def honour(self, token: CancelToken | None) -> Iterator[None]:
        """Within it, calls of the network by this thread raise ``Cancelled`` once the token is cancelled."""
        if token is None:
            yield
            return
        token.check()
        thread = threading.get_ident()
        self._tokens[thread] = token
        try:
            yield
        finally:
            del self._tokens[thread]

    def _look(self, _: nn.Module, __: Any) -> None:
        if not self._tokens or torch.compiler.is_compiling():
            return
        token = self._tokens.get(threading.get_ident())
        if token is not None:
            token.check()


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    children = list(module.children())
    if isinstance(module, DecoderLayer) or not children:
        yield module
    else:
        for child in children:
            yield from _layers(child)
