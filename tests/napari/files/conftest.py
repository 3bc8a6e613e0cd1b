"""A photo with overlapping objects and nested parts as files of every kind, and what napari was told."""

import json

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import encode_rle

MASKS = {
    "car": ("car", None, None, (5, 30, 5, 50)),
    "wheel": ("car", "wheel", "car", (20, 30, 10, 20)),
    "rim": ("car", "rim", "wheel", (22, 28, 12, 18)),
    "door": ("car", "door", "car", (8, 22, 15, 40)),
    "tree": ("tree", None, None, (0, 20, 40, 60)),
    "unnamed": (None, None, None, (32, 38, 0, 60)),
}
"""Object, part, parent, and rows and columns; wheel and door overlap, car and tree do, too."""


def pixels_of(name):
    top, bottom, left, right = MASKS[name][3]
    mask = np.zeros((40, 60), bool)
    mask[top:bottom, left:right] = True
    return mask


def write_photo(path, seed=0):
    rgb = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return rgb


@pytest.fixture
def project(tmp_path):
    """A project of three photos, the masks above in the second; gives its folder."""
    photos = [tmp_path / "cars" / "photos" / f"{name}.png" for name in "abc"]
    for seed, path in enumerate(photos):
        write_photo(path, seed)
    with Project.create(tmp_path / "cars", objects=["car", "tree"], images=[tmp_path / "cars" / "photos"]) as project:
        ref = project.ref(photos[1], write_photo(photos[1], 1))
        ids = {}
        for name, (object, part, parent, _) in MASKS.items():
            facts = {"object": object, "part": part, "part_of": ids.get(parent), "score": 0.5}
            ids[name] = project.store.accept(ref, mask=pixels_of(name), **facts).id
    return tmp_path / "cars"


@pytest.fixture
def document():
    """COCO content of one photo with one square car."""
    row = {"id": 1, "image_id": 7, "category_id": 3, "segmentation": encode_rle(pixels_of("car")), "iscrowd": 0}
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": 60, "height": 40}],
        "categories": [{"id": 3, "name": "car"}],
        "annotations": [row],
    }


@pytest.fixture
def write(tmp_path):
    def write(content, name="in.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


@pytest.fixture
def told():
    """Lines that napari would show."""
    lines: list[str] = []

    def keep(notification):
        lines.append(str(notification.message))

    notification_manager.notification_ready.connect(keep)
    yield lines
    notification_manager.notification_ready.disconnect(keep)
