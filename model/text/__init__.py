"""Text tower: names to embeddings, offline, for any string."""

from semsam_annotate.model.text.subwords import subword_ids
from semsam_annotate.model.text.tower import TextTower

__all__ = ["TextTower", "subword_ids"]
