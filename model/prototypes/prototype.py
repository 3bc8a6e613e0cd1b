"""What a memory keeps of an accepted mask: how it looks and lies, as numbers, and what it was called."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput

FloatRows: TypeAlias = NDArray[np.float32]
"""(M, D) float32, one vector a row."""

PLACE = 5
"""Numbers that say where a mask lies in what is around it, and its shape."""


@dataclass(frozen=True)
class Prototype:
    """Names of one accepted mask; ``id``: of its annotation record. None: that side was not named."""

    id: str
    object: str | None
    part: str | None

    def __post_init__(self) -> None:
        for what in ("id", "object", "part"):
            value = getattr(self, what)
            if not (value is None and what != "id") and not (isinstance(value, str) and value.strip()):
                raise BadInput(f"the {what} of a prototype is a non-empty text, not {value!r}")


@dataclass(frozen=True)
class MaskVectors:
    """``values`` (M, D + PLACE) float32 of masks: looks, then place; ``version``: of what made them.

    Two versions' vectors cannot be compared. BadInput for another shape or type, NaN and infinity.
    """

    values: FloatRows
    version: str

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype != np.float32 or self.values.shape[1] <= PLACE:
            raise BadInput(
                f"vectors are (M, D + {PLACE}) float32, D at least 1, not {self.values.dtype} {self.values.shape}"
            )
        if not np.isfinite(self.values).all():
            raise BadInput("vectors of masks are finite numbers, these hold NaN or infinity")
