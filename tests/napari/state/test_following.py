"""Where a project's images are ranked, what follows is the most useful one; else the next one of the list."""

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations.next_images import FILE, NextImage, NextImages, write_next
from semsam_annotate.napari.state.image_list import ImageList
from semsam_annotate.napari.state.picture import Picture, ReadImage


@pytest.fixture
def paths(tmp_path):
    """Six photos, of which the last two are copies of the first two."""
    found = [tmp_path / f"{name}.png" for name in "abcdef"]
    for number, path in enumerate(found):
        Image.fromarray(np.full((8, 10, 3), number % 4, np.uint8)).save(path)
    return found


@pytest.fixture
def session(listed_session):
    return listed_session


@pytest.fixture
def rank(tmp_path, paths):
    def write(names, serving="packaged"):
        found = tuple(NextImage(str(paths["abcdef".index(name)]), name, 1.0) for name in names)
        write_next(tmp_path / "project" / "models", NextImages("random", "v", serving, "2030", found))

    return write


def turn(session, path):
    read = ReadImage.of(path)
    session.open(Picture(read.rgb, read.rgb, read.sha256, read.sha256, path.stem, path))


def settled_one_after_the_other(session, images, paths, place):
    """Names of the images that come, from a place on."""
    seen = ""
    while place is not None:
        turn(session, paths[place])
        seen += paths[place].stem
        images.mark(("done", "skipped")[len(seen) % 2])
        place = images.following()
    return seen


def test_done_and_skip_go_by_the_order_then_as_listed(session, images, paths, rank):
    rank("dbc")
    assert images.following() == 3
    turn(session, paths[3])
    assert images.following() == 1, "what is read ahead is not what is open"
    assert settled_one_after_the_other(session, images, paths, 2) == "cdbaef"


@pytest.mark.parametrize("order", ["none", "damaged", "of another model", "of no image"])
def test_without_an_order_that_holds_the_next_of_the_list_follows(session, images, paths, rank, tmp_path, order):
    if order == "damaged":
        rank("dbc")
        (tmp_path / "project" / "models" / FILE).write_text("{")
    elif order != "none":
        rank("" if order == "of no image" else "dbc", "v" if order == "of another model" else "packaged")
    turn(session, paths[1])
    session.touch(np.ones(session.picture.size, bool), 1, 0.0)
    session.accept()
    assert settled_one_after_the_other(session, images, paths, 2) == "cdefa", "b is settled with its copy f"


def test_an_order_that_comes_while_one_works_is_followed(session, images, paths, rank):
    turn(session, paths[0])
    assert images.following() == 1
    rank("ced")
    assert images.following() == 2
    session.touch(np.ones(session.picture.size, bool), 1, 0.0)
    session.accept()
    turn(session, paths[2])
    images.mark("done")
    assert images.following() == 4
    rank("db")
    assert images.following() == 3
    assert images.useful(3) == 1


def test_a_list_of_other_files_goes_on_as_listed(session, rank, paths, tmp_path):
    others = [tmp_path / f"other-{number}.png" for number in range(3)]
    for number, path in enumerate(others):
        Image.fromarray(np.full((8, 10, 3), 100 + number, np.uint8)).save(path)
    images = ImageList(session)
    images.show(others)
    rank("dbc")
    turn(session, others[0])
    assert images.following() == 1
    assert images.useful(None) is None


def test_a_step_asks_for_the_queue_once_and_looks_up_one_file(session, images, paths, rank, monkeypatch):
    rank("abcde")
    turn(session, paths[0])
    looked, asked = [], []
    queue = session.ledger.queue()

    class Places(dict):
        def get(self, path, default=None):
            looked.append(path)
            return super().get(path, default)

    images._places, images._known_as = Places(images._places), Places(images._known_as)
    monkeypatch.setattr(type(session.ledger), "queue", lambda _: asked.append(1) or list(queue))
    assert images.following() == images.useful(0) == 1
    assert len(asked) == 2
    assert set(looked) == {paths[0], paths[1]}
