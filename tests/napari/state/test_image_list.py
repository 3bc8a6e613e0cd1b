"""The list of images: states follow masks and people, and the next open one is found."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations.connection import StoreUnavailable
from semsam_annotate.api import BadInput
from semsam_annotate.napari.state.image_list import ImageList
from semsam_annotate.napari.state.picture import Picture, ReadImage
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession


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


@pytest.fixture
def other(tmp_path, images, paths):
    """Somebody else's window on the same list."""
    ledger = ProjectLedger.open(tmp_path / "project", author="ben")
    session = AnnotationSession(ledger)
    listed = ImageList(session)
    listed.show(paths)
    yield session, listed
    ledger.close()


def test_what_others_did_is_known_before_the_next_is_chosen(session, images, paths, other):
    changed = []
    images.row_changed.connect(changed.append)
    turn(session, paths[0])
    for path in paths[1:3]:
        turn(other[0], path)
        other[1].mark("done")
    turn(other[0], paths[3])
    accept(other[0])
    assert images.following() == 3
    assert states(images) == ["new", "done", "done", "in work"]
    assert images.useful(None) == 0
    assert sorted(changed) == [1, 2, 3]
    images.refresh()
    assert sorted(changed) == [1, 2, 3]


def test_many_changes_are_told_at_once(session, images, paths, other, monkeypatch):
    monkeypatch.setattr("semsam_annotate.napari.state.image_list.FEW", 1)
    told, all_told = [], []
    images.row_changed.connect(told.append)
    images.changed.connect(lambda: all_told.append(1))
    for path in paths:
        turn(other[0], path)
        other[1].mark("skipped")
    images.refresh()
    assert states(images) == ["skipped"] * 4
    assert (told, all_told) == ([], [1])


def test_a_store_that_does_not_answer_leaves_the_list_as_it_was(session, images, monkeypatch):
    def busy(_):
        raise StoreUnavailable("the store is locked")

    monkeypatch.setattr(ProjectLedger, "progress", busy)
    assert images.following() == 0


def test_a_list_by_another_way_to_the_files_follows_too(session, tmp_path, paths, other):
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    linked = ImageList(session)
    linked.show([tmp_path / "link" / path.name for path in paths])
    turn(other[0], paths[0])
    other[1].mark("done")
    assert linked.following() == 1
    assert linked.rows[0].path == tmp_path / "link" / "a.png"


def test_a_copy_that_was_settled_stays_so_when_files_come_to_the_project(session, paths, tmp_path):
    twin, first = tmp_path / "twin.png", tmp_path / "0.png"
    twin.write_bytes(paths[0].read_bytes())
    first.write_bytes(paths[1].read_bytes())
    session.ledger._project.add_images([twin])
    images = ImageList(session)
    images.show([*paths, twin])
    for path in (paths[0], twin):
        turn(session, path)
        images.mark("done")
    session.ledger._project.config = replace(
        session.ledger._project.config, images=("../0.png", *session.ledger._project.config.images)
    )
    images.refresh()
    assert states(images) == ["done", "new", "new", "new", "done"]
    turn(session, paths[2])
    images.mark("skipped")
    assert images.following() == 3
