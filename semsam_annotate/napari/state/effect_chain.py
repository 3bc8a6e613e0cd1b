"""Effects one after the other, each on what those before made of the picture; the picture itself is never changed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsam_annotate.api import BadInput, CancelToken, Mask, RgbImage, Rle, decode_rle, encode_rle
from semsam_annotate.napari.state.effect_choice import VERBS, EffectChoice, Patch
from semsam_annotate.napari.state.inpainting import Progress


@dataclass(frozen=True)
class EffectStep:
    """An effect and the mask it changes, at the size of the picture."""

    choice: EffectChoice
    mask: Rle

    @classmethod
    def of(cls, choice: EffectChoice, mask: Mask) -> "EffectStep":
        """A step on a mask, (H, W) bool."""
        return cls(choice, encode_rle(mask))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self.choice), "colour": list(self.choice.colour), "mask": self.mask}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "EffectStep":
        """Back from ``to_json``; BadInput when it is none."""
        try:
            kind, (red, green, blue), strength = plain["kind"], plain["colour"], float(plain["strength"])
            choice, mask = EffectChoice(kind, (int(red), int(green), int(blue)), strength), plain["mask"]
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"not a step of an effect: {error}") from error
        if kind not in VERBS:
            raise BadInput(f"no such effect: {kind!r}; there are {', '.join(VERBS)}")
        return cls(choice, mask)


def redone(rgb: RgbImage, steps: Sequence[EffectStep], cancel: CancelToken, progress: Progress) -> Patch:
    """What the last of ``steps`` changes in a (H, W, 3) uint8 picture that those before have changed.

    Raises BadInput, also for masks of another picture's size, and Cancelled.
    """
    patch: Patch = (slice(0, 0), slice(0, 0)), np.zeros((0, 0, 4), np.uint8)
    for index, step in enumerate(steps):
        mask = decode_rle(step.mask)
        if mask.shape != rgb.shape[:2]:
            raise BadInput(
                f"this effect is for {mask.shape[1]}x{mask.shape[0]} pixels, not {rgb.shape[1]}x{rgb.shape[0]}"
            )
        patch = step.choice.applied(rgb, mask, cancel, _share(progress, index, len(steps)))
        if step.choice.changes_picture:
            rgb = np.ascontiguousarray(patch[1][..., :3])
    return patch


def _share(progress: Progress, index: int, count: int) -> Progress:
    return lambda share: progress((index + share) / count)
