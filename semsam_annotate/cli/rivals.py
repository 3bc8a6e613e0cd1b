"""SAM and SAM 2.1 as installed from PyPI, with random weights: for ``semsam bench --compare`` and nothing else."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from semsam_annotate.api import RgbImage

PACKAGES = {"SAM ViT-B": "segment_anything", "SAM 2.1 tiny": "sam2"}
"""Import names; on PyPI segment-anything and sam2."""


def installed() -> dict[str, Callable[[str], Any]]:
    """Makers of predictors by name, for the packages that are here; each takes a torch device."""
    makers = {"SAM ViT-B": _sam, "SAM 2.1 tiny": _sam2}
    return {name: make for name, make in makers.items() if find_spec(PACKAGES[name]) is not None}


def missing() -> list[str]:
    """What to install for the others."""
    return [package.replace("_", "-") for package in PACKAGES.values() if find_spec(package) is None]


def steps(predictor: Any, rgb: RgbImage) -> dict[str, Callable[[], Any]]:
    """Encoding of an image, then a click in it that gives three masks; both predictors have the same two methods."""
    import numpy as np
    import torch

    height, width = rgb.shape[:2]
    point, label = np.array([[width // 2, height // 3]]), np.array([1])

    def encode() -> None:
        with torch.inference_mode():
            predictor.set_image(rgb)

    def click() -> None:
        with torch.inference_mode():
            predictor.predict(point_coords=point, point_labels=label, multimask_output=True)

    return {"encode": encode, "first click": click, "warm click": click}


def _sam(device: str) -> Any:
    from segment_anything import SamPredictor, sam_model_registry

    return SamPredictor(sam_model_registry["vit_b"]().to(device).eval())


def _sam2(device: str) -> Any:
    from sam2.build_sam import build_sam2
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    return SAM2ImagePredictor(build_sam2("configs/sam2.1/sam2.1_hiera_t.yaml", None, device=device))
