"""From an image of any size to the network's input."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.model.config import InputConfig
from semsam_annotate.model.engine.taps import Taps
from semsam_annotate.model.network import STRIDE

MASK_STRIDE = 4


@dataclass(frozen=True)
class Frame:
    """Sizes (height, width): of the image, of the network's input, and of the input padded to a multiple of 32."""

    image: tuple[int, int]
    input: tuple[int, int]
    padded: tuple[int, int]

    @classmethod
    def of(cls, height: int, width: int, config: InputConfig) -> "Frame":
        """The frame of an image of (height, width)."""
        if config.resize == "shorter":
            sides = _shorter_side(height, width, config.side)
        else:
            scale = config.side / max(height, width)
            sides = _whole(height * scale, MASK_STRIDE), _whole(width * scale, MASK_STRIDE)
        padded = -(-sides[0] // STRIDE) * STRIDE, -(-sides[1] // STRIDE) * STRIDE
        return cls((height, width), sides, padded)

    @cached_property
    def taps(self) -> tuple[Taps, Taps]:
        """What the image's rows and columns read of the mask grid."""
        sides = list(zip(self.padded, self.input, self.image, strict=True))
        if all(used % MASK_STRIDE == 0 for used in self.input):
            rows, columns = (Taps.bilinear(used // MASK_STRIDE, wanted) for _, used, wanted in sides)
        else:
            rows, columns = (
                Taps.through(padded // MASK_STRIDE, padded, used, wanted) for padded, used, wanted in sides
            )
        return rows, columns

    @cached_property
    def fine_taps(self) -> tuple[Taps, Taps]:
        """What they read of a map as large as the network's input."""
        rows, columns = (Taps.bilinear(used, wanted) for used, wanted in zip(self.input, self.image, strict=True))
        return rows, columns

    def to_padded(self, x: float, y: float) -> tuple[float, float]:
        """Position of an edge coordinate (x, y) of the image in 0..1 of the padded input."""
        (height, width), (rows, columns), (high, wide) = self.image, self.input, self.padded
        return x / width * columns / wide, y / height * rows / high


def _whole(length: float, step: int) -> int:
    """The nearest multiple of ``step``, at least one."""
    return max(step, round(length / step) * step)


def _shorter_side(height: int, width: int, side: int) -> tuple[int, int]:
    """The published resize: the shorter side to ``side``, the longer one cut to a whole pixel, however long."""
    if height <= width:
        return side, int(side * width / height)
    return int(side * height / width), side


def check_image(image: RgbImage) -> None:
    """Raise BadInput unless the image is (H, W, 3) uint8, at least one pixel."""
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise BadInput(f"encode takes an image of (height, width, 3) uint8 RGB, not {found}")
    if not image.size:
        raise BadInput("encode takes an image of at least one pixel, this one is empty")


def to_input(image: RgbImage, frame: Frame) -> Tensor:
    """(1, 3, h, w) uint8 resized with PIL's bicubic filter."""
    resized = Image.fromarray(image).resize(frame.input[::-1], Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1)[None]
