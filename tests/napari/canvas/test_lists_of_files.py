"""Lists with damaged files, with files that come twice, and reached through links."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.file_list import FileList
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession


def photos(folder: Path, scene: np.ndarray, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.roll(scene, 7 * number, axis=1)).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def opened(worker):
    """Annotates the images of a project folder; what was told is in ``lines``."""

    @contextmanager
    def open_project(folder: Path, images: tuple[Path, ...] = ()) -> Iterator[Annotator]:
        ledger = ProjectLedger.open(folder, images)
        annotator = Annotator(ViewerModel(), AnnotationSession(ledger), worker)
        annotator.lines = []
        annotator.session.told.connect(annotator.lines.append)
        try:
            annotator.open_project_images()
            yield annotator
        finally:
            annotator._bindings.release()
            ledger.close()

    return open_project


def states(annotator: Annotator) -> list[str]:
    return [row.state for row in annotator.images.rows]


def accept(annotator: Annotator):
    annotator.session.touch(np.ones(annotator.session.picture.size, bool), 1, 0.0)
    return annotator.session.accept()


def test_damaged_files_are_passed_over_in_a_line_each(opened, scene, tmp_path):
    paths = photos(tmp_path / "photos", scene, 6)
    for number in (0, 2, 3):
        paths[number].write_bytes(paths[number].read_bytes()[:99])
    with opened(tmp_path / "project", (tmp_path / "photos",)) as annotator:
        assert annotator.files.current() == 1
        assert [line for line in annotator.lines if "0.png" in line]
        annotator.actions["next"]()
        assert annotator.files.current() == 4
        assert all(any(f"{number}.png" in line for line in annotator.lines) for number in (2, 3))
        annotator.actions["previous"]()
        assert annotator.files.current() == 1
        annotator.actions["previous"]()
        assert annotator.files.current() == 1
        assert "0.png" in annotator.lines[-1]
        assert "no more images" in annotator.lines[-1]


def test_done_and_skip_lead_past_damaged_files_to_the_end(opened, scene, tmp_path):
    paths = photos(tmp_path / "photos", scene, 5)
    paths[2].write_bytes(b"")
    with opened(tmp_path / "project", (tmp_path / "photos",)) as annotator:
        for action, place in (("done", 1), ("skip", 3), ("done", 4), ("done", 4)):
            annotator.actions[action]()
            assert annotator.files.current() == place
        assert states(annotator) == ["done", "skipped", "new", "done", "done"]
        assert annotator.lines[-1] == "every image of the list is done or skipped"
        assert sum("2.png" in line for line in annotator.lines) == 1
        with pytest.raises(BadInput, match=r"2\.png is empty.*stays"):
            annotator.turn_to(2)
        Image.fromarray(scene[::2]).save(paths[2])
        annotator.turn_to(2)
        annotator.turn_to(0)
        annotator.actions["done"]()
        assert annotator.files.current() == 2


def test_the_most_useful_image_is_one_that_can_be_read(opened, scene, tmp_path):
    paths = photos(tmp_path / "photos", scene, 4)
    with opened(tmp_path / "project", (tmp_path / "photos",)) as annotator:
        paths[1].write_bytes(b"no image")
        annotator.actions["most useful"]()
        assert annotator.files.current() == 2


def test_a_project_without_an_image_that_can_be_read_opens(opened, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"no image")
    with opened(tmp_path / "project", (tmp_path / "photos",)) as annotator:
        assert annotator.session.picture is None
        assert "a.png" in annotator.lines[-1]


def test_a_file_that_is_listed_twice_comes_once(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "." / "a.png"]
    assert FileList(ViewerModel(), paths).paths == paths[:2]


def test_links_to_one_file_are_gone_through_to_the_end(opened, scene, tmp_path):
    pool = photos(tmp_path / "pool", scene, 3)
    (tmp_path / "set").mkdir()
    for place, number in enumerate((0, 1, 0, 2)):
        (tmp_path / "set" / f"{place}.png").symlink_to(pool[number])
    with opened(tmp_path / "project", (tmp_path / "set",)) as annotator:
        visited = [annotator.files.current()]
        for _ in range(4):
            annotator.actions["next"]()
            visited.append(annotator.files.current())
        assert visited == [0, 1, 2, 3, 3]
        annotator.turn_to(0)
        for _ in range(4):
            annotator.actions["done"]()
        assert states(annotator) == ["done"] * 4


def test_a_project_reached_through_a_link_keeps_paths_of_its_own(opened, scene, tmp_path):
    photos(tmp_path / "real" / "project" / "photos", scene, 3)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    project = tmp_path / "link" / "project"
    with opened(project, (project / "photos",)) as annotator:
        mask = accept(annotator)
        assert annotator.session.ledger.record(mask.id).image.path == "photos/0.png"
        annotator.actions["done"]()
        assert states(annotator) == ["done", "new", "new"]
        annotator.actions["most useful"]()
        assert annotator.files.current() == 2
        annotator.workspace().write(annotator.session.ledger.workspace)
    for folder in (project, tmp_path / "real" / "project"):
        with opened(folder) as annotator:
            assert states(annotator) == ["done", "new", "new"]
            assert annotator.files.current() == 2


def test_files_given_by_another_way_than_the_projects_are_its_images(worker, scene, tmp_path):
    project = tmp_path / "real" / "project"
    photos(project / "photos", scene, 3)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    ledger = ProjectLedger.open(project, [project / "photos"])
    annotator = Annotator(ViewerModel(), AnnotationSession(ledger), worker)
    annotator.open_files(sorted((tmp_path / "link" / "project" / "photos").iterdir()))
    mask = accept(annotator)
    assert ledger.record(mask.id).image.path == os.path.join("photos", "0.png")
    annotator.actions["done"]()
    annotator.actions["most useful"]()
    assert annotator.files.current() == 2
    annotator.close()
    ledger.close()
