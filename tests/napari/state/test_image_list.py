"""The list of images: states follow masks and people, and the next open one is found."""

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput
from semsam_annotate.napari.state.image_list import ImageList
from semsam_annotate.napari.state.picture import Picture, ReadImage


@pytest.fixture
def paths(tmp_path, scene):
    found = [tmp_path / f"{name}.png" for name in "abcd"]
    for turn, path in enumerate(found):
        Image.fromarray(np.ascontiguousarray(np.roll(scene, turn, axis=1))).save(path)
    return found


@pytest.fixture
def session(listed_session):
    return listed_session


def turn(session, path):
    read = ReadImage.of(path)
    session.open(Picture(read.rgb, read.rgb, read.sha256, read.sha256, path.stem, path))


def accept(session):
    session.touch(np.ones(session.picture.size, bool), 1, 0.0)
    return session.accept()


def states(images):
    return [row.state for row in images.rows]


def test_states_follow_what_is_done_and_last(session, images, paths, tmp_path):
    changed = []
    images.row_changed.connect(changed.append)
    assert images.here is None
    turn(session, paths[1])
    assert images.here == 1
    assert changed == []
    accept(session)
    assert images.rows[1].accepted == 1
    turn(session, paths[0])
    images.mark("skipped")
    turn(session, paths[2])
    images.mark("done")
    accept(session)
    assert states(images) == ["skipped", "in work", "done", "new"]
    assert images.settled == 2
    assert set(changed) == {0, 1, 2}
    again = ImageList(session)
    again.show(paths)
    assert again.rows == images.rows


def test_taking_back_the_only_mask_makes_it_new_again(session, images, paths):
    turn(session, paths[3])
    accept(session)
    session.undo()
    assert states(images)[3] == "new"
    images.mark("done")
    images.mark("open")
    assert states(images)[3] == "new"


def test_the_next_open_image_is_found_around_the_end(session, images, paths):
    assert images.following() == 0
    turn(session, paths[2])
    assert images.following() == 3
    for path in paths[1:]:
        turn(session, path)
        images.mark("done")
    assert images.following() == 0
    turn(session, paths[0])
    images.mark("skipped")
    assert images.following() is None


def test_nothing_is_marked_without_a_picture(images):
    with pytest.raises(BadInput, match="open an image"):
        images.mark("done")


def test_a_picture_that_is_not_listed_changes_no_row(session, images, picture):
    session.open(picture)
    images.mark("done")
    assert states(images) == ["new"] * 4
