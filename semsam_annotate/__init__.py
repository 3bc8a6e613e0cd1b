"""Annotate images with masks of objects and their parts.

    import semsam_annotate as semsam
    engine = semsam.load_engine("default")
    embedding = engine.encode(rgb)
    ladder = engine.propose(embedding, semsam.Prompt(points=[(120, 80)]))

Importing this package loads neither torch nor Qt; ``load_engine`` loads what the engine asked for needs.
"""

from semsam_annotate.api import (
    AutoSettings,
    BadInput,
    Cancelled,
    CancelToken,
    Embedding,
    Engine,
    EngineInfo,
    EngineUnavailable,
    Ladder,
    Prompt,
    Proposal,
    SemsamError,
    StaleEmbedding,
    Stroke,
    Tree,
    TreeNode,
    Vocabulary,
    decode_rle,
    encode_rle,
)
from semsam_annotate.loading import load_engine
from semsam_annotate.version import __version__

__all__ = [
    "AutoSettings",
    "BadInput",
    "CancelToken",
    "Cancelled",
    "Embedding",
    "Engine",
    "EngineInfo",
    "EngineUnavailable",
    "Ladder",
    "Prompt",
    "Proposal",
    "SemsamError",
    "StaleEmbedding",
    "Stroke",
    "Tree",
    "TreeNode",
    "Vocabulary",
    "__version__",
    "decode_rle",
    "encode_rle",
    "load_engine",
]
