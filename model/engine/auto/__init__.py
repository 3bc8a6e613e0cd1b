"""The search through one encoded image."""

from semsam_annotate.model.engine.auto.search import Batches, WholeImage

__all__ = ["Batches", "WholeImage"]
