"""Annotate images with masks of objects and their parts.

    import semsam_annotate as semsam
    engine = semsam.load_engine("default")
    embedding = engine.encode(rgb)
    ladder = engine.propose(embedding, semsam.Prompt(points=[(120, 80)]))

Importing this package loads neither torch nor Qt; ``load_engine`` loads what the engine asked for needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semsam_annotate.version import __version__

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is (PEP 562): numpy alone takes longer to import than all of this."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("semsam_annotate.loading" if name == "load_engine" else "semsam_annotate.api"), name)


def __dir__() -> list[str]:
    return __all__
