"""What a person sees of a run while it goes on."""

from semsam_annotate.training.watching.watch import MACHINE, Watch

__all__ = ["MACHINE", "Watch"]
