"""Masks and names of a training image as JSON values, without its pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.segments import decode_segments


def masks_to_json(sample: TrainingImage) -> dict[str, Any]:
    """Runs, kinds, names, parents, and which masks are only boxes where some are."""
    segments = coco_mask.encode(np.asfortranarray(sample.masks.transpose(1, 2, 0).view(np.uint8)))
    boxed = {"boxed": sample.box_only.tolist()} if sample.box_only.any() else {}
    return {
        "size": list(sample.masks.shape[1:]),
        "counts": [segment["counts"].decode("ascii") for segment in segments],
        "kinds": sample.kinds.tolist(),
        "objects": list(sample.objects),
        "parts": list(sample.parts),
        "parents": sample.parents.tolist(),
        **boxed,
    }


def masks_from_json(
    image: NDArray[np.uint8], row: dict[str, Any], exhaustive: frozenset[str] = frozenset()
) -> TrainingImage:
    """Back, with the (H, W, 3) image and the object names that it is exhaustive in."""
    height, width = row["size"]
    segments = [{"size": [height, width], "counts": counts.encode("ascii")} for counts in row["counts"]]
    return TrainingImage(
        image=image,
        masks=decode_segments(segments, height, width),
        kinds=np.array(row["kinds"], np.int8),
        objects=tuple(row["objects"]),
        parts=tuple(row["parts"]),
        parents=np.array(row["parents"], np.int64),
        boxed=np.array(row["boxed"], bool) if "boxed" in row else None,
        exhaustive=exhaustive,
    )
