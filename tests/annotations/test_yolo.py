"""YOLO's folders say what was meant, whatever names and images a project has."""

import uuid

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project, read_image
from semsam_annotate.annotations.formats import outline
from semsam_annotate.api import BadInput
from semsam_annotate.cli.importing import read_any


@pytest.fixture
def back(tmp_path):
    """A project's YOLO export, taken into a new one."""

    def run(project):
        project.export("yolo", tmp_path / "out")
        with Project.create(tmp_path / "new") as new:
            new.take_in(read_any("yolo", tmp_path / "out", None, new.folder))
            return new.store.annotations()

    return run


@pytest.mark.parametrize("letter", ["\x7f", "\x92", "\x85", "\u2028", "\ufffe", "\uffff", "\U0001f600"])
def test_names_of_odd_letters_are_read_as_they_are(letter, project, image, propose, tmp_path):
    """Stores may hold names that are refused today."""
    yaml = pytest.importorskip("yaml")
    project.add_images([tmp_path / "photos"])
    record = project.store.accept(image, propose(), object="car")
    odd = record.with_(id=str(uuid.uuid4()), object=f"a{letter}b")
    project.store.add([odd])
    project.export("yolo", tmp_path / "out")
    content = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text("utf-8"))
    assert sorted(content["names"].values()) == sorted(["car", f"a{letter}b"])


def test_every_class_comes_back_as_what_it_is(project, image, propose, back, tmp_path):
    """Names that say nothing elsewhere, and slashes, are names."""
    project.add_images([tmp_path / "photos"])
    for seed, name in enumerate(("object", "region", "Segment", "car", "car/red")):
        project.store.accept(image, propose(seed), object=name)
        project.store.accept(image, propose(5 + seed), kind="part", object=name, part="a/b")
    after = sorted((one.kind, one.object, one.part) for one in back(project))
    assert after == sorted((one.kind, one.object, one.part) for one in project.store.annotations())


def test_a_text_without_its_image_is_refused(project, image, propose, tmp_path):
    project.add_images([tmp_path / "photos"])
    project.store.accept(image, propose(), object="car")
    project.export("yolo", tmp_path / "out")
    with Project.create(tmp_path / "new") as new:
        for extra, text in (("train/classes.txt", "car\ndog\n"), ("train/empty.txt", "\n")):
            (tmp_path / "out" / "labels" / extra).write_text(text)
        assert new.take_in(read_any("auto", tmp_path / "out", None, new.folder)).added == 1
        (tmp_path / "out" / "images" / "train" / "0.png").rename(tmp_path / "out" / "images" / "train" / "0.xyz")
        with pytest.raises(BadInput, match=r"labels/train/0\.txt: the image is not there"):
            read_any("auto", tmp_path / "out", None, new.folder)


@pytest.mark.parametrize("format", ["yolo", "datasets"])
def test_copies_have_an_ending_that_readers_look_for(format, project, photo, propose, tmp_path):
    ref = photo(1, "a.png")
    Image.open(tmp_path / "photos" / "a.png").save(tmp_path / "photos" / "b.tga")
    project.add_images([tmp_path / "photos" / "b.tga"])
    path = tmp_path / "photos" / "b.tga"
    project.store.accept(project.ref(path, read_image(path)), propose())
    project.export(format, tmp_path / "out")
    with Project.create(tmp_path / "new") as new:
        assert new.take_in(read_any(format, tmp_path / "out", None, new.folder)).added == 1
        assert [one.sha256 for one in new.store.images()] == [ref.sha256]


def test_names_that_say_nothing_come_back_from_panoptic(project, image, propose, tmp_path):
    project.add_images([tmp_path / "photos"])
    project.store.accept(image, propose(), object="object")
    project.export("panoptic", tmp_path / "out")
    with Project.create(tmp_path / "new") as new:
        new.take_in(read_any("panoptic", tmp_path / "out", tmp_path / "photos", new.folder))
        assert [one.object for one in new.store.annotations()] == ["object"]


def test_a_ragged_mask_is_joined_without_comparing_every_piece_with_every_other(monkeypatch):
    compared, nearest = [], outline._nearest
    monkeypatch.setattr(outline, "_nearest", lambda *pair: compared.append(pair) or nearest(*pair))
    ring, bridges = outline.one_polygon(np.random.default_rng(0).random((60, 60)) < 0.3)
    assert bridges > 400
    assert len(compared) < 40 * bridges
    assert len(ring) > 4 * bridges
