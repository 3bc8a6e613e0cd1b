"""An export that the disk refuses names what was to be written, and leaves nothing."""

import re

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import ImageRef
from semsam_annotate.annotations.exports import FORMATS
from semsam_annotate.annotations.files import named
from semsam_annotate.annotations.formats.listed import FURTHER

SIDE = 160


@pytest.fixture
def noisy(other, tmp_path):
    """A project with a mask, of which every format writes some kilobytes, in a photo."""
    rng = np.random.default_rng(0)
    rgb, mask = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8), rng.random((SIDE, SIDE)) > 0.5
    path = tmp_path / "photos" / "0.png"
    path.parent.mkdir()
    Image.fromarray(rgb).save(path)
    other.add_images([path.parent])
    car = other.store.accept(ImageRef.of(path, rgb, other.folder), mask=mask, object="bus")
    other.store.accept(ImageRef.of(path, rgb, other.folder), mask=mask, object="bus", part="door", part_of=car.id)
    return other


@pytest.mark.parametrize("format", [*FORMATS, *FURTHER])
def test_a_full_disk_is_told_by_the_name_of_the_export(format, noisy, tmp_path, full_disk):
    out = tmp_path / "disk" / "out"
    out.parent.mkdir()
    with full_disk(1000), pytest.raises(OSError, match=re.escape(str(out))) as caught:
        noisy.export(format, out)
    assert caught.value.filename == str(out)
    assert list(out.parent.iterdir()) == []
    assert noisy.export(format, out).images == 1


def test_another_file_that_cannot_be_read_is_told_by_its_own_name(tmp_path):
    photo = tmp_path / "photo.png"
    with pytest.raises(FileNotFoundError) as caught, named(tmp_path / "out"):
        photo.read_bytes()
    assert caught.value.filename == str(photo)
