"""Settings of the generic branch."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GenericCosts:
    """Weights of matching costs and losses alike, the published ones of Mask DINO; the last two cost nothing."""

    object_class: float = 4.0
    bce: float = 5.0
    dice: float = 5.0
    box: float = 5.0
    giou: float = 2.0
    iou: float = 1.0
    kind: float = 0.5


@dataclass(frozen=True)
class GenericConfig:
    """Training of the generic branch, which finds everything of a vocabulary without a prompt."""

    queries: int = 0
    """Queries that a model without that branch gets; 0 trains no such branch."""
    weight: float = 1.0
    """Factor for all of its losses."""
    parts: bool = True
    """Learn to find parts as well as objects."""
    weights: GenericCosts = field(default_factory=GenericCosts)
