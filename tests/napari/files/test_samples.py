"""Samples open offline; the second shows objects, parts and parts of parts."""

import numpy as np

from semsam_annotate.napari.files.samples import astronaut, astronaut_with_masks


def test_the_sample_is_a_photo():
    ((photo, facts, kind),) = astronaut()
    assert photo.shape == (512, 512, 3)
    assert (kind, facts["rgb"]) == ("image", True)


def test_the_second_sample_has_objects_and_nested_parts():
    image, *layers = astronaut_with_masks()
    assert np.array_equal(image[0], astronaut()[0][0])
    names = [facts["name"] for _, facts, _ in layers]
    assert names == ["astronaut objects", "astronaut parts", "astronaut parts of parts"]
    counts = [len(facts["features"]["index"]) - 1 for _, facts, _ in layers]
    assert counts == [4, 8, 2]
    objects, parts, inner = (labels for labels, _, _ in layers)
    assert ((parts > 0) & (objects > 0)).sum() > 0.95 * (parts > 0).sum()
    assert np.mean(parts[inner > 0] == 5) > 0.9
