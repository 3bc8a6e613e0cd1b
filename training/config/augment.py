"""Settings of the random views that training shows of an image."""

from dataclasses import dataclass
from typing import Any, Literal

from semsam_annotate.api import BadInput

Range = tuple[float, ...]


@dataclass(frozen=True)
class AugmentConfig:
    """How far a view may differ from its image."""

    scale: Range = (0.6, 1.9)
    """Smallest and largest ratio of the image's longer side to the crop's side; the original's jitter is 0.1 to 2.0."""
    spread: Literal["log", "uniform"] = "log"
    """Halving as likely as doubling, or, as the original has it, every scale as likely."""
    stretch: float = 0.12
    """Largest logarithm of the change of width (and, the other way, of height); 0 keeps the proportions."""
    focus: bool = True
    """A crop smaller than the image shows at least a piece of a random mask; otherwise it is anywhere."""
    padding: Literal["mean", "grey"] = "mean"
    """What a crop larger than the image is filled with: its mean colour, or 128 as the original."""
    flip: float = 0.5
    """Share of views that are mirrored; left and right change places in their part names."""
    colour: float = 1.0
    """Strength of the changes of colour and sharpness: 1 as tuned, 0 for none."""

    def __post_init__(self) -> None:
        check_scale(self.scale, "augment.scale")
        if not 0 <= self.flip <= 1:
            raise BadInput(f"augment.flip is a share from 0 to 1, not {self.flip}")
        if not 0 <= self.stretch < 1:
            raise BadInput(f"augment.stretch is 0 to below 1, not {self.stretch}")
        if not 0 <= self.colour <= 3:
            raise BadInput(f"augment.colour is 0 (none) to 3, not {self.colour}")


def check_scale(scale: tuple[Any, ...], name: str) -> None:
    """Raise BadInput unless these are two finite numbers above 0 in ascending order."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in scale)
    if len(scale) != 2 or not numbers or not 0 < scale[0] <= scale[1] <= 100:
        raise BadInput(f"{name} is the smallest and the largest scale, above 0 and at most 100, not {list(scale)}")
