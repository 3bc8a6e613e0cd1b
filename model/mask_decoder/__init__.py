"""Mask decoder: prompts in, masks with boxes, scores and states for the class heads out."""

from semsam_annotate.model.mask_decoder.decoder import ImageMemory, MaskDecoder
from semsam_annotate.model.mask_decoder.heads import ClassHeads, Predictions
from semsam_annotate.model.mask_decoder.prompts import PromptBatch

__all__ = ["ClassHeads", "ImageMemory", "MaskDecoder", "Predictions", "PromptBatch"]
