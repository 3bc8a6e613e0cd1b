"""Projects, proposals, metrics and the engine in detectron2's structures (docs/detectron2.md); detectron2 is optional.

Inside this folder ``detectron2`` is always the other package: imports are absolute, and go through ``installed``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semsam_annotate.detectron2.installed import of_detectron2

if TYPE_CHECKING:
    from semsam_annotate.detectron2.datasets import Registered, register_project
    from semsam_annotate.detectron2.evaluator import SemsamEvaluator
    from semsam_annotate.detectron2.instances import from_instances, to_instances, to_proposals
    from semsam_annotate.detectron2.predictor import SemsamPredictor

__all__ = [
    "Registered",
    "SemsamEvaluator",
    "SemsamPredictor",
    "from_instances",
    "register_project",
    "to_instances",
    "to_proposals",
]
_HOMES = {
    **dict.fromkeys(["Registered", "register_project"], "datasets"),
    **dict.fromkeys(["from_instances", "to_instances", "to_proposals"], "instances"),
    "SemsamEvaluator": "evaluator",
    "SemsamPredictor": "predictor",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is (PEP 562), and say at once how to get detectron2 where there is none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    of_detectron2("structures")
    return getattr(import_module(f"semsam_annotate.detectron2.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
