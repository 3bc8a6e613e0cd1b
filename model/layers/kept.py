"""Constants that a layer derives from shapes, kept for the next forward."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import torch

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last few values by key; made outside of inference mode, so that training can use them too."""

    def __init__(self, most: int = 4) -> None:
        self.most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def __reduce__(self) -> tuple[type, tuple[int]]:
        """Copies of a layer start with nothing kept."""
        return type(self), (self.most,)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not there."""
        value = self._values.get(key)
        if value is None and torch.compiler.is_compiling():
            return make()  # what tracing makes is no number, and must not be found by the next forward
        if value is None:
            with torch.inference_mode(False), torch.no_grad():
                value = make()
            self._values[key] = value
            while len(self._values) > self.most:
                # Another thread may have been quicker.
                self._values.pop(next(iter(self._values)), None)
        return value
