"""What a person sees of a run while it goes on."""

from semsam_annotate.training.watching.watch import Watch

__all__ = ["Watch"]
