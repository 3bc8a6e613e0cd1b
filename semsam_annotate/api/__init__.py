"""What travels between the rooms: prompts, proposals, vocabularies, masks, and the engine's protocol."""

from semsam_annotate.api.automatic import AutoSettings, Found, Progress
from semsam_annotate.api.cancel import CancelToken
from semsam_annotate.api.engine import ALIKE, Embedding, Engine, EngineInfo, RgbImage
from semsam_annotate.api.errors import BadInput, Cancelled, EngineUnavailable, SemsamError, StaleEmbedding
from semsam_annotate.api.named_mask import NamedMask
from semsam_annotate.api.prompt import Box, Prompt
from semsam_annotate.api.proposal import Labels, Ladder, Proposal
from semsam_annotate.api.rle import Mask, Rle, decode_rle, encode_rle, rle_area, rle_iou
from semsam_annotate.api.segmentation import LabelMap, Segment, Segmentation, Task, checked_task, segments_of
from semsam_annotate.api.stroke import Point, Stroke
from semsam_annotate.api.tree import Tree, TreeNode
from semsam_annotate.api.vocabulary import Vocabulary

__all__ = [
    "ALIKE",
    "AutoSettings",
    "BadInput",
    "Box",
    "CancelToken",
    "Cancelled",
    "Embedding",
    "Engine",
    "EngineInfo",
    "EngineUnavailable",
    "Found",
    "LabelMap",
    "Labels",
    "Ladder",
    "Mask",
    "NamedMask",
    "Point",
    "Progress",
    "Prompt",
    "Proposal",
    "RgbImage",
    "Rle",
    "Segment",
    "Segmentation",
    "SemsamError",
    "StaleEmbedding",
    "Stroke",
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
