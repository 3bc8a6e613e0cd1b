"""Which effect a person wants, with which settings, and what it makes of a picture."""

from dataclasses import dataclass

import numpy as np

from semsam_annotate.api import CancelToken, Mask, RgbImage
from semsam_annotate.napari.state.accepted import Window
from semsam_annotate.napari.state.effects import Colour, RgbaImage, blurred, copied, cut_out, recoloured
from semsam_annotate.napari.state.inpainting import Progress, removed

VERBS = {"recolour": "recoloured", "blur": "blurred", "remove": "removed", "cut out": "cut out", "copy": "copied"}
"""Kind of effect, and what was done to the mask: "car blurred"."""

Patch = tuple[Window, RgbaImage]
"""Where the pixels lie in the picture; (h, w, 4) uint8, transparent where nothing changed: what lies below is seen."""


@dataclass(frozen=True)
class EffectChoice:
    """``kind``: a key of ``VERBS``. ``colour``: to recolour with. ``strength``: of recolouring and blur, 0..1."""

    kind: str
    colour: Colour = (61, 157, 255)
    strength: float = 1.0

    @property
    def changes_picture(self) -> bool:
        """Whether its result is the picture, changed; a copy or what is cut out is a thing of its own."""
        return self.kind not in ("copy", "cut out")

    def applied(self, rgb: RgbImage, mask: Mask, cancel: CancelToken, progress: Progress) -> Patch:
        """The new pixels of a (H, W, 3) picture whose ``mask``, (H, W) bool, is changed; it stays as it is.

        A copy is as large as the mask, everything else as the picture. Raises BadInput and Cancelled.
        """
        if self.kind == "copy":
            return copied(rgb, mask)
        whole = slice(0, rgb.shape[0]), slice(0, rgb.shape[1])
        if self.kind == "cut out":
            return whole, cut_out(rgb, mask)
        if self.kind == "recolour":
            return whole, _over(rgb, recoloured(rgb, mask, self.colour, self.strength))
        if self.kind == "blur":
            return whole, _over(rgb, blurred(rgb, mask, self.strength))
        return whole, _over(rgb, removed(rgb, mask, cancel, progress))


def _over(rgb: RgbImage, changed: RgbImage) -> RgbaImage:
    """What changed, opaque; so effects on several masks are seen together."""
    return np.dstack([changed, 255 * (changed != rgb).any(axis=-1).astype(np.uint8)])
