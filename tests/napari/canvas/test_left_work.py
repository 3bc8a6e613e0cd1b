"""A window that was killed and is started again with the same files opens where it was; unfinished work stays."""

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image as PillowImage

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession


@pytest.fixture
def files(tmp_path, scene):
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for turn, path in enumerate(paths):
        PillowImage.fromarray(np.roll(scene, turn, axis=1)).save(path)
    return paths


@pytest.fixture
def window(tmp_path, files, worker):
    opened = []

    def open_again(paths=files):
        for annotator in opened:
            annotator.workspace().write(annotator.session.ledger.workspace)
            annotator._closed or annotator.close()
            annotator.session.ledger.close()
        opened[:] = [Annotator(ViewerModel(), AnnotationSession(ProjectLedger.open(tmp_path / "cars")), worker)]
        opened[0].open_files(paths)
        return opened[0]

    yield open_again
    opened[0].close()
    opened[0].session.ledger.close()


def paint(annotator):
    annotator.actions["touch up"]()
    annotator.touch_layer.layer.paint([60, 70], 1)
    return annotator.touch.mask.copy()


def test_the_same_files_open_where_the_window_was_left(window):
    first = window()
    first.turn_to(2)
    painted = paint(first)
    again = window()
    assert again.files.current() == 2
    assert (again.touch.mask == painted).all()


def test_unfinished_work_of_another_picture_outlives_windows_until_it_is_resumed(window, files):
    first = window()
    first.turn_to(2)
    painted = paint(first)
    other = window(files[:2])
    assert other.files.current() == 0
    assert not other.touch.active
    clicked = window(files[:2])
    paint(clicked)
    again = window()
    assert again.files.current() == 0
    assert again.touch.active
    again.turn_to(2)
    assert (again.touch.mask == painted).all()
    assert again.workspace().left is None
    assert [len(again.session.ledger.masks(again.session.picture)), again.images.rows[0].accepted] == [0, 1]


@pytest.mark.parametrize("between", [[1], [1, 0]])
def test_every_picture_gets_its_own_unfinished_work_back_as_soon_as_it_opens(window, files, between):
    painted = {}
    for place in (2, *between):
        painted[place] = paint(window([files[place]]))
    for place in (2, *between):
        again = window([files[place]])
        assert (again.touch.mask == painted[place]).all()
        again.touch.leave()
    assert again.workspace().left is None


def test_without_unfinished_work_nothing_is_left(window, files):
    window().turn_to(2)
    other = window(files[:2])
    assert other.workspace().left is None
    other.turn_to(1)
    assert window().files.current() == 1
