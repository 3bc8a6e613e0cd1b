"""An accepted mask as an engine needs it to remember its names."""

from collections.abc import Callable
from dataclasses import dataclass

from semsam_annotate.api.engine import RgbImage
from semsam_annotate.api.rle import Rle


@dataclass(frozen=True)
class NamedMask:
    """``id``: of the annotation record. ``image``: names its pixels.

    ``read`` gives those and ``mask`` the run lengths, or they raise SemsamError: most are known already and not asked.
    """

    id: str
    image: str
    read: Callable[[], RgbImage]
    mask: Callable[[], Rle]
    object: str | None
    part: str | None
