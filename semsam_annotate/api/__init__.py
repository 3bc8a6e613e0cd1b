"""What travels between the rooms: prompts, proposals, vocabularies, masks, and the engine's protocol."""

from semsam_annotate.api.engine import Embedding, Engine, EngineInfo, RgbImage
from semsam_annotate.api.errors import BadInput, EngineUnavailable, SemsamError, StaleEmbedding
from semsam_annotate.api.named_mask import NamedMask
from semsam_annotate.api.prompt import Box, Point, Prompt
from semsam_annotate.api.proposal import Labels, Ladder, Proposal, Tree, TreeNode
from semsam_annotate.api.rle import Mask, Rle, decode_rle, encode_rle, rle_area, rle_iou
from semsam_annotate.api.segmentation import LabelMap, Segment, Segmentation, Task, checked_task, segments_of
from semsam_annotate.api.vocabulary import Vocabulary

__all__ = [
    "BadInput",
    "Box",
    "Embedding",
    "Engine",
    "EngineInfo",
    "EngineUnavailable",
    "LabelMap",
    "Labels",
    "Ladder",
    "Mask",
    "NamedMask",
    "Point",
    "Prompt",
    "Proposal",
    "RgbImage",
    "Rle",
    "Segment",
    "Segmentation",
    "SemsamError",
    "StaleEmbedding",
    "Task",
    "Tree",
    "TreeNode",
    "Vocabulary",
    "checked_task",
    "decode_rle",
    "encode_rle",
    "rle_area",
    "rle_iou",
    "segments_of",
]
