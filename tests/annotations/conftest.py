"""An image, masks with a hole and two pieces, proposals, and an empty store."""

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import AnnotationStore, ImageRef, Project
from semsam_annotate.api import Proposal

HEIGHT, WIDTH = 24, 32
SPLITS = ("train", "validation", "test")


def make_mask(seed):
    """A mask with a hole and a second piece, another one for every seed."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    top, left = (int(value) for value in np.random.default_rng(seed).integers(0, 8, 2))
    mask[top : top + 9, left : left + 11] = True
    mask[top + 3 : top + 5, left + 2 : left + 6] = False
    mask[20:23, 27:31] = True
    return mask


@pytest.fixture
def propose():
    def make(seed=0, mask=None, **changes):
        given = make_mask(seed) if mask is None else mask
        plain = {"id": f"p{seed}", "model": "tiny", "score": 0.1 + seed / 7, "stability": 0.5, "level": 1 + seed % 6}
        return Proposal(**{**plain, "box": (0, 0, WIDTH, HEIGHT), "mask": given, **changes})

    return make


@pytest.fixture
def photo(tmp_path):
    """Writes an image file of its own pixels; gives its reference."""

    def make(seed=0, name=None, size=(HEIGHT, WIDTH)):
        rgb = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        path = tmp_path / "photos" / (name or f"{seed}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)
        return ImageRef.of(path, rgb, tmp_path / "photos")

    return make


@pytest.fixture
def image(photo):
    return photo()


@pytest.fixture
def store(tmp_path):
    with AnnotationStore.open(tmp_path / "annotations.sqlite") as opened:
        yield opened


@pytest.fixture
def projects(tmp_path_factory, photo, propose):
    """Projects with a scene of (seed, image, hangs below the last one, names and facts) entries, an image a split."""

    def make(scene):
        folder, last = tmp_path_factory.mktemp("layouts"), {}
        refs = [photo(seed) for seed in range(3)]
        with Project.create(folder / "project") as project:
            for seed, which, below, facts in scene:
                above = last.get(which) if below else None
                last[which] = project.store.accept(refs[which], propose(seed), part_of=above, **facts).id
            for number, ref in enumerate(refs):
                project.store.register(ref)
                project.store.splits.assign(ref.sha256, SPLITS[number])
        return folder

    return make
