"""Settings of what a step is drawn from and what is asked of it."""

from dataclasses import dataclass, field
from typing import Literal

from semsam_annotate.api import BadInput
from semsam_annotate.training.config.augment import Range, check_scale


@dataclass(frozen=True)
class SetConfig:
    """One data set: how often it is drawn, and which branches learn from it."""

    share: float = 1.0
    """Weight of the set among the photos; the weights need not sum to one."""
    prompted: bool = True
    """Clicks and boxes are asked on its images."""
    generic: bool = True
    """The generic branch learns from its images."""
    scale: Range = ()
    """The smallest and the largest scale of its views, instead of ``augment.scale``."""


@dataclass(frozen=True)
class DataConfig:
    """What a step is drawn from."""

    packs: tuple[str, ...] = ()
    """Pack files (``python -m semsam_annotate.training.data.pack``) and folders of shards (``semsam data shards``)."""
    scenes: float = 0.3
    """Share of generated scenes in every batch; 1.0 needs no packs."""
    scene_family: str = "base"
    balance: float = 0.5
    """A source is drawn in proportion to its number of images to this power: 1 as they come, 0 sources alike."""
    focus: float = 0.0
    """Share of the photos that comes from the first pack (fine-tuning); 0 leaves it to ``balance``."""
    paste: float = 0.0
    """Share of the images that get a few objects of another one, drawn like them, pasted on with their parts."""
    sets: dict[str, SetConfig] = field(default_factory=dict)
    """Share and branches of each source in the packs, instead of ``balance``; sources left out are not drawn."""

    def __post_init__(self) -> None:
        if not 0 <= self.paste <= 1:
            raise BadInput(f"data.paste is a share from 0 to 1, not {self.paste}")
        for name, one in self.sets.items():
            if one.share < 0:
                raise BadInput(f"data.sets.{name}.share is 0 or more, not {one.share}")
            if one.scale:
                check_scale(one.scale, f"data.sets.{name}.scale")
            if not one.prompted and not one.generic:
                raise BadInput(f"data.sets.{name} trains neither branch: leave it out")
        if self.sets and self.focus:
            raise BadInput("data.focus and data.sets both say how often photos are drawn: leave one out")


@dataclass(frozen=True)
class PromptConfig:
    """What is asked of every image."""

    count: int = 12
    corrections: int = 3
    """That many of them get a second, corrective click (sometimes a third), from the network's own answer."""
    boxes: float = 0.1
    """Share of the rest that is asked with a box."""
    centred: float = 0.6
    """Share of clicks at the innermost point of the mask; the others anywhere in it."""
    previous: float = 0.0
    """Share of the corrected questions that show the network its own mask of the round before."""
    click_flag: Literal["point", "box"] = "point"
    """The flag that tells clicks from boxes, the same in training and use; the released training code marks clicks as
    boxes, and its inference marks them as points."""
    area_power: float = 0.2
    """Masks are asked for in proportion to their area to this power; 0 asks for the many tiny ones mostly."""
