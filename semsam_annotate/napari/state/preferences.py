"""What a person sets once, in the settings of the viewer: how the plugin starts, not what it is doing now."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preferences:
    """Values that new windows begin with."""

    engine: str = "default"
    """As ``EngineChoice.source``: "default", a checkpoint file, "project:DIR", or http://host:port."""
    hover: bool = True
    """Whether the mask under the pointer is outlined."""
    guide: bool = True
    """Whether the guide to the first two minutes opens with the window; closing it says no."""
    least_score: float = 0.8
    """Of masks that "Accept all above" takes, 0 to 1."""
