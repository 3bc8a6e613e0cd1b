"""Annotated images on their way into training: the record, readers, packs and augmentation."""

from semsam_annotate.training.data.record import OBJECT, PART, UNKNOWN, TrainingImage

__all__ = ["OBJECT", "PART", "UNKNOWN", "TrainingImage"]
