"""detectron2, where it is installed."""

from importlib import import_module
from typing import Any

from semsam_annotate.api import BadInput

HOW = "pip install 'git+https://github.com/facebookresearch/detectron2.git'"


def of_detectron2(module: str) -> Any:
    """A module of detectron2, such as "structures"; BadInput, with how to install it, where there is none."""
    try:
        return import_module(f"detectron2.{module}")
    except ImportError as error:
        raise BadInput(f"this needs detectron2 and torch, which is not on PyPI ({error}): {HOW}") from error
