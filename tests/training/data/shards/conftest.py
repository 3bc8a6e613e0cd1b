"""A small data set of plain pictures, and its shards."""

import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import encode_rle
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.data.shards import ShardSettings, write_shards

SIDE, COUNT, EMPTY, MISSING = 64, 11, 7, 4


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A COCO file of eleven images; number 7 is without masks, the file of number 4 is not there."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    images, rows = [], []
    for number in range(COUNT):
        coarse = Image.fromarray(rng.integers(0, 255, (9, 9, 3), np.uint8))
        if number != MISSING:
            coarse.resize((SIDE, SIDE)).save(folder / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": SIDE, "height": SIDE})
        for _ in range(0 if number == EMPTY else 1 + number):
            mask = np.zeros((SIDE, SIDE), bool)
            top, left, down, across = rng.integers(4, 30, 4)
            mask[top : top + down, left : left + across] = True
            row = {"id": len(rows) + 1, "image_id": number, "category_id": 1 + len(rows) % 2, "iscrowd": 0}
            rows.append({**row, "segmentation": encode_rle(mask), "bbox": [0, 0, 1, 1]})
    categories = [{"id": 1, "name": "thing"}, {"id": 2, "name": "Ding"}]
    (folder / "coco.json").write_text(json.dumps({"images": images, "annotations": rows, "categories": categories}))
    return folder / "coco.json"


@pytest.fixture(scope="module")
def written(photos, tmp_path_factory):
    """The shards of the nine usable images, several tars."""
    folder = tmp_path_factory.mktemp("shards") / "shards"
    write_shards(open_data(photos), folder, ShardSettings(shard_bytes=8 << 10, max_side=48))
    return folder
