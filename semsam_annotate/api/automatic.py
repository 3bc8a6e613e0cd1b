"""How everything in an image is searched for, and what comes back while the search goes on."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from semsam_annotate.api.errors import BadInput
from semsam_annotate.api.proposal import Proposal

Progress = Callable[[int, int], None]
"""Called with (done, total); total may shrink when less has to be searched than was feared."""

LEVELS = (1, 2, 3, 4, 5, 6)
_SHARES = ("quality", "stability", "same", "inside", "sibling_overlap")


@dataclass(frozen=True)
class AutoSettings:
    """A search through a whole image (or one tile of it).

    ``side``: clicks along the longer side of the densest grid; the search starts with a quarter of that, evenly over
    the image, and goes on where nothing was found yet or where small masks are. ``most_clicks``, ``most``: bounds of
    clicks and of masks kept. ``quality``, ``stability``: least predicted IoU and least stability of a mask. ``same``:
    of two masks with a larger IoU the better one stays. ``inside``: share of a mask that its parent must hold.
    ``sibling_overlap``: largest share of the smaller of two masks below one parent that both may claim; beyond it the
    one with the worse score is left out, and what lay inside it moves up. ``smallest``:
    least area in cells of the mask grid (4 x 4 pixels of the network's input). ``levels``: granularities wanted, 1
    coarsest … 6 finest.
    """

    side: int = 16
    most_clicks: int = 256
    most: int = 200
    quality: float = 0.4
    stability: float = 0.6
    same: float = 0.7
    inside: float = 0.85
    sibling_overlap: float = 0.5
    smallest: int = 4
    levels: tuple[int, ...] = LEVELS

    def __post_init__(self) -> None:
        for name in ("side", "most_clicks", "most", "smallest"):
            _whole(name, getattr(self, name))
        for name in _SHARES:
            _share(name, getattr(self, name))
        object.__setattr__(self, "levels", _levels(self.levels))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "levels": list(self.levels)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "AutoSettings":
        """Back from ``to_json``; what is left out keeps its default. BadInput names an unknown or wrong field."""
        if not isinstance(value, dict):
            raise BadInput("the settings of auto are a JSON object")
        known = {item.name for item in fields(cls)}
        for name in value:
            if name not in known:
                raise BadInput(f"unknown setting {name!r} of auto, known are {', '.join(sorted(known))}")
        return cls(**value)


@dataclass(frozen=True)
class Found:
    """A mask accepted by a search that goes on.

    ``replaces``: ids of masks given out before that this one makes superfluous (it shows the same thing better, or
    joins pieces of it).
    """

    proposal: Proposal
    replaces: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"proposal": self.proposal.to_json(), "replaces": list(self.replaces)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Found":
        """Back from ``to_json``; BadInput for anything else."""
        try:
            return cls(Proposal.from_json(value["proposal"]), tuple(str(name) for name in value["replaces"]))
        except (KeyError, TypeError) as error:
            raise BadInput(f"not a found mask: {error}") from error


def standing(found: Iterable[Found]) -> list[Proposal]:
    """The proposals that no later one replaced, in the order they came."""
    left: dict[str, Proposal] = {}
    for item in found:
        for name in item.replaces:
            left.pop(name, None)
        left[item.proposal.id] = item.proposal
    return list(left.values())


def _whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1 << 20:
        raise BadInput(f"auto: {name} is a whole number from 1 on, not {value!r}")


def _share(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"auto: {name} is a number from 0 to 1, not {value!r}")


def _levels(levels: Any) -> tuple[int, ...]:
    try:
        listed = tuple(levels)
    except TypeError as error:
        raise BadInput(f"auto: levels is a list of numbers 1 to 6, not {levels!r}") from error
    if not listed or any(isinstance(level, bool) or level not in LEVELS for level in listed):
        raise BadInput(f"auto: levels are chosen from 1 (coarsest) to 6 (finest), at least one, not {list(listed)!r}")
    return tuple(sorted({int(level) for level in listed}))
