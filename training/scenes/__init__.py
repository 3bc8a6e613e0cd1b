"""Generated scenes: nested, textured, shaded objects with parts and parts of parts, their masks and names exact."""

from semsam_annotate.training.scenes.compose import generate
from semsam_annotate.training.scenes.family import FAMILIES

__all__ = ["FAMILIES", "generate"]
