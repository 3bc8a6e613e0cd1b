"""Named configurations."""

from collections.abc import Callable

from semsam_annotate.api import BadInput
from semsam_annotate.model.config import ModelConfig, semsam_tiny, swin_large, swin_large_sam, swin_tiny

_PRESETS: dict[str, Callable[[], ModelConfig]] = {
    "semsam-tiny": semsam_tiny,
    "swin-t": swin_tiny,
    "swin-l": swin_large,
    "swin-l-sam": swin_large_sam,
}


def preset(name: str) -> ModelConfig:
    """The configuration of a name; BadInput lists the known ones."""
    if name not in _PRESETS:
        raise BadInput(f"there is no model {name!r}, known are {', '.join(_PRESETS)}")
    return _PRESETS[name]()
