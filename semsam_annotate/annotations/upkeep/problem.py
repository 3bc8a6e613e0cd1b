"""What is wrong with a store."""

from dataclasses import asdict, dataclass
from typing import Any

SHOWN = 5
"""Examples of each problem that are named."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, how often, ids of ``examples``, and whether ``repair`` mends it with nothing lost."""

    kind: str
    count: int
    examples: tuple[str, ...] = ()
    repairable: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)
