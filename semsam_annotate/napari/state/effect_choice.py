"""Which effect a person wants, with which settings, and what it makes of a picture."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from semsam_annotate.api import CancelToken, Mask, RgbImage
from semsam_annotate.napari.state.accepted import Window
from semsam_annotate.napari.state.effects import Colour, blurred, copied, cut_out, recoloured
from semsam_annotate.napari.state.inpainting import Progress, removed

VERBS = {"recolour": "recoloured", "blur": "blurred", "remove": "removed", "cut out": "cut out", "copy": "copied"}
"""Kind of effect, and what was done to the mask: "car blurred"."""

Patch = tuple[Window, NDArray[Any]]
"""Where the pixels lie in the picture; (h, w, 3) or, with alpha, (h, w, 4) uint8."""


@dataclass(frozen=True)
class EffectChoice:
    """``kind``: a key of ``VERBS``. ``colour``: to recolour with. ``strength``: of recolouring and blur, 0..1."""

    kind: str
    colour: Colour = (61, 157, 255)
    strength: float = 1.0

    def applied(self, rgb: RgbImage, mask: Mask, cancel: CancelToken, progress: Progress) -> Patch:
        """The new pixels of a (H, W, 3) picture whose ``mask``, (H, W) bool, is changed; it stays as it is.

        A copy is as large as the mask, everything else as the picture. Raises BadInput and Cancelled.
        """
        if self.kind == "copy":
            return copied(rgb, mask)
        whole = slice(0, rgb.shape[0]), slice(0, rgb.shape[1])
        if self.kind == "recolour":
            return whole, recoloured(rgb, mask, self.colour, self.strength)
        if self.kind == "blur":
            return whole, blurred(rgb, mask, self.strength)
        if self.kind == "cut out":
            return whole, cut_out(rgb, mask)
        return whole, removed(rgb, mask, cancel, progress)
