"""Prototype memory: what was accepted teaches names at once, without training. Vectors and names come from callers."""

from semsam_annotate.model.prototypes.evidence import Votes, gather_votes
from semsam_annotate.model.prototypes.memory import PrototypeMemory
from semsam_annotate.model.prototypes.nearest import Neighbours
from semsam_annotate.model.prototypes.prototype import PLACE, MaskVectors, Prototype

__all__ = ["PLACE", "MaskVectors", "Neighbours", "Prototype", "PrototypeMemory", "Votes", "gather_votes"]
