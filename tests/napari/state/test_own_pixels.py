"""Pixels that are in no file become a PNG of the project with the first mask."""

import numpy as np

from semsam_annotate.annotations import read_image


def test_the_png_holds_the_pixels_and_nobody_waits_for_its_compression(session, ledger, tmp_path, scene):
    session.touch(np.ones(session.picture.size, bool), 1, 0.0)
    session.accept()
    (path,) = (tmp_path / "project" / "images").iterdir()
    assert np.array_equal(read_image(path), scene)
    content = path.read_bytes()
    assert content[content.index(b"IDAT") + 4 :][:2] == b"\x78\x01"  # zlib's header of its lowest level
    session.accept()
    assert path.read_bytes() == content
