"""How images and annotations are written into packs and shards: the same input gives the same bytes."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def to_jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    """(H, W, 3) RGB as JPEG of a quality from 1 to 95."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def to_json(value: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8, keys sorted."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
