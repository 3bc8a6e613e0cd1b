"""Numbers that are none are found where they arise and named."""

import torch
from torch import Tensor, nn

from semsam_annotate.api import EngineUnavailable
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.pixel_decoder import PixelFeatures


def is_finite(tensor: Tensor) -> bool:
    """Whether every value is a finite number; one sum, since any other value makes the sum one too."""
    return not tensor.is_floating_point() or bool(tensor.sum(dtype=torch.float32).isfinite())


def first_broken(network: nn.Module) -> str | None:
    """Name of the first weight that holds NaN or infinity."""
    return next((name for name, tensor in network.state_dict().items() if not is_finite(tensor)), None)


def check_features(network: nn.Module, features: PixelFeatures) -> None:
    """Raise EngineUnavailable that names the tensor when features hold NaN or infinity."""
    levels = {f"level {number}": level for number, level in enumerate(features.levels)}
    _check(network, "an image's", {"mask_features": features.mask_features, **levels})


def check_predictions(network: nn.Module, predictions: Predictions) -> None:
    """Raise EngineUnavailable that names the tensor when an answer holds NaN or infinity."""
    tensors = {"masks": predictions.masks, "scores": predictions.scores, "state": predictions.state}
    _check(network, "a prompt's", tensors)


def _check(network: nn.Module, whose: str, tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not is_finite(tensor):
            weight = first_broken(network)
            why = "the weights are fine, so the network overflows" if weight is None else f"see the weight {weight}"
            raise EngineUnavailable(f"the network computed NaN or infinity in {whose} {name}: {why}")
