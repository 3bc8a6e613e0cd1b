"""Which file an imported image is: its own, whatever others are called, and only its folder joins the project."""

import shutil

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project, read_image
from semsam_annotate.cli.importing import read_any

COPIED = ("yolo", "datasets")
NAMED = ("labels", "panoptic", "lvis.json", "coco.json")


@pytest.fixture
def sets(photo, tmp_path):
    """Two folders with a file of one name and of other pixels each, and the masks of it as COCO."""
    for seed, name in enumerate(("set1", "set2")):
        photo(seed, f"{name}/a/0.png")
        folder = tmp_path / "photos" / name
        with Project.create(tmp_path / f"of {name}", images=[folder]) as project:
            mask = np.zeros((24, 32), bool)
            mask[2 + seed : 9, 3:9] = True
            path = folder / "a" / "0.png"
            project.store.accept(project.ref(path, read_image(path)), mask=mask, object=name)
            project.export("coco", folder / "coco.json")
    return tmp_path / "photos"


@pytest.fixture
def both(sets, project):
    """A project that took both in."""
    for name in ("set1", "set2"):
        take_in(project, sets / name / "coco.json")
    return project


def take_in(project, source, images=None):
    return project.take_in(read_any("auto", source, images, project.folder))


def shown(project):
    """Of every object the file that its image is."""
    return {one.object: project.image_path(one.image) for one in project.store.annotations()}


def test_images_of_one_name_are_two(both, sets):
    assert shown(both) == {name: sets / name / "a" / "0.png" for name in ("set1", "set2")}
    assert {row.path: row.accepted for row in both.progress()} == dict.fromkeys(shown(both).values(), 1)
    for record in both.store.annotations():
        both.read(record.image)


@pytest.mark.parametrize("name", [*COPIED, *NAMED])
def test_images_of_one_name_are_two_in_every_format(name, both, sets, tmp_path):
    before = {one.object: one.image.sha256 for one in both.store.annotations()}
    both.export(name.partition(".")[0], tmp_path / name)
    with Project.create(tmp_path / "new") as new:
        assert take_in(new, tmp_path / name, None if name in COPIED else sets).added == 2
        assert {one.object: one.image.sha256 for one in new.store.annotations()} == before


def test_of_two_files_of_a_recorded_name_the_one_that_was_annotated_is_meant(sets, project):
    """As stores have them that imported with paths from the folder of images."""
    project.add_images([sets / "set1", sets / "set2"])
    for name in ("set1", "set2"):
        path = sets / name / "a" / "0.png"
        assert project.image_path(ImageRef.of(path, read_image(path), sets / name)) == path


def test_imported_images_are_found_where_their_folder_was_moved_to(both, sets, tmp_path):
    shutil.move(sets, tmp_path / "elsewhere")
    both.add_images([tmp_path / "elsewhere"])
    assert shown(both) == {name: tmp_path / "elsewhere" / name / "a" / "0.png" for name in ("set1", "set2")}


@pytest.mark.parametrize("format", COPIED)
def test_copies_of_images_that_are_there_do_not_join(format, both, tmp_path):
    folders, files = both.config.images, both.images()
    both.export(format, both.folder / "copies")
    take_in(both, both.folder / "copies")
    assert (both.config.images, both.images()) == (folders, files)


def test_the_folder_of_the_project_is_none_of_images(sets, tmp_path):
    with Project.create(tmp_path / "work") as project:
        shutil.copytree(sets / "set1", project.folder / "given")
        shutil.move(project.folder / "given" / "coco.json", project.folder / "coco.json")
        take_in(project, project.folder / "coco.json", project.folder / "given")
        assert project.config.images == ("given",)
    with Project.create(tmp_path / "other") as project:
        shutil.copy(sets / "set1" / "coco.json", project.folder)
        shutil.copy(sets / "set1" / "a" / "0.png", project.folder / "0.png")
        take_in(project, project.folder / "coco.json")
        assert project.config.images == ("0.png",)
    with Project.create(tmp_path / "third") as project:
        shutil.copytree(sets / "set1", project.folder, dirs_exist_ok=True)
        take_in(project, project.folder / "coco.json")
        assert project.config.images == ("a",)
