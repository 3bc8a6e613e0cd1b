"""Cutting, scaling, padding and mirroring of pixels and masks alike, by torchvision."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional


@dataclass(frozen=True)
class Span:
    """One axis of a view: image pixels ``start:stop`` fill the view's pixels ``first:last``."""

    start: int
    stop: int
    first: int
    last: int

    @classmethod
    def of(cls, edge: int, extent: int, length: int, size: int) -> "Span":
        """Of a window from ``edge`` on over ``extent`` of an image's ``length`` pixels, shown at ``size`` pixels."""
        start, stop = max(edge, 0), min(edge + extent, length)
        first = min(round((start - edge) * size / extent), size - 1)
        return cls(start, stop, first, max(round((stop - edge) * size / extent), first + 1))


def view_image(
    image: NDArray[np.uint8], rows: Span, columns: Span, size: int, flip: bool, padding: float | None
) -> NDArray[np.uint8]:
    """(H, W, 3) to (size, size, 3) uint8, antialiased; ``padding`` is a grey value, None the mean colour seen."""
    cut = np.array(image[rows.start : rows.stop, columns.start : columns.stop])
    seen = functional.resize(torch.from_numpy(cut).permute(2, 0, 1), _shape(rows, columns), antialias=True)
    fill = seen.float().mean((1, 2)).tolist() if padding is None else padding
    out: NDArray[np.uint8] = _placed(seen, rows, columns, size, flip, fill).permute(1, 2, 0).contiguous().numpy()
    return out


def view_masks(masks: NDArray[np.bool_], rows: Span, columns: Span, size: int, flip: bool) -> NDArray[np.bool_]:
    """(N, H, W) to (N, size, size) bool by the nearest pixel centre; false beyond the image.

    One pixel is taken for all masks, so that what lies inside stays inside. (The library's own transform of masks takes
    the nearest corner, half a pixel off what is done to the image.)
    """
    cut = np.require(masks[:, rows.start : rows.stop, columns.start : columns.stop], requirements="W").view(np.uint8)
    if masks.strides[1] < masks.strides[2]:  # run-length decoders write columns: turned last, when it is small
        turned = _placed(_nearest(cut.transpose(0, 2, 1), columns, rows), columns, rows, size, False, 0)
        seen = (functional.vertical_flip(turned) if flip else turned).transpose(1, 2).contiguous()
    else:
        seen = _placed(_nearest(cut, rows, columns), rows, columns, size, flip, 0).contiguous()
    out: NDArray[np.uint8] = seen.numpy()
    return out.view(np.bool_)


def _nearest(masks: NDArray[np.uint8], rows: Span, columns: Span) -> torch.Tensor:
    shape = _shape(rows, columns)
    shown: torch.Tensor = functional.resize(
        torch.from_numpy(masks), shape, InterpolationMode.NEAREST_EXACT, antialias=False
    )
    return shown


def _shape(rows: Span, columns: Span) -> list[int]:
    return [rows.last - rows.first, columns.last - columns.first]


def _placed(
    seen: torch.Tensor, rows: Span, columns: Span, size: int, flip: bool, fill: float | list[float]
) -> torch.Tensor:
    """What is seen where it belongs in the view, padded, mirrored."""
    border = [columns.first, rows.first, size - columns.last, size - rows.last]
    padded = functional.pad(seen, border, fill=fill) if any(border) else seen
    return functional.horizontal_flip(padded) if flip else padded
