"""Measuring what an engine finds without a prompt: AP of instances and parts, panoptic quality, mean IoU."""

from semsam_annotate.training.evaluation.segmentation.average_precision import AveragePrecision, NamedMask
from semsam_annotate.training.evaluation.segmentation.panoptic import PanopticQuality
from semsam_annotate.training.evaluation.segmentation.run import (
    Answers,
    SegmentMeter,
    compare_segmentation,
    measure_segmentation,
    segment_report,
)
from semsam_annotate.training.evaluation.segmentation.semantic import SemanticIou
from semsam_annotate.training.evaluation.segmentation.truth import (
    SegmentTruth,
    TruthImage,
    TruthInstance,
    read_truth,
    truth_map,
)

__all__ = [
    "Answers",
    "AveragePrecision",
    "NamedMask",
    "PanopticQuality",
    "SegmentMeter",
    "SegmentTruth",
    "SemanticIou",
    "TruthImage",
    "TruthInstance",
    "compare_segmentation",
    "measure_segmentation",
    "read_truth",
    "segment_report",
    "truth_map",
]
