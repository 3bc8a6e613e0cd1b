"""States of images: what a person says last counts, else the masks say it."""

import numpy as np
import pytest

from semsam_annotate.annotations import Project, read_image
from semsam_annotate.api import BadInput


def test_masks_and_people_say_how_far_an_image_is(store, image, photo, propose):
    other = photo(1)
    store.register(other)
    assert states(store) == {(other.path, "new", 0)}
    made = store.accept(image, propose(), object="car")
    assert states(store) == {(image.path, "in work", 1), (other.path, "new", 0)}
    store.states.tell(image, "done", "ann")
    store.states.tell(other, "skipped")
    assert states(store) == {(image.path, "done", 1), (other.path, "skipped", 0)}
    store.states.tell(image, "open")
    store.delete(made.id)
    assert states(store) == {(image.path, "new", 0), (other.path, "skipped", 0)}


def test_other_words_are_refused(store, image):
    with pytest.raises(BadInput, match="done"):
        store.states.tell(image, "finished")
    assert states(store) == set()


def test_a_project_lists_every_image_and_queues_the_open_ones(tmp_path, photo, propose):
    refs = [photo(seed) for seed in range(4)]
    with Project.create(tmp_path / "cars", images=[tmp_path / "photos"]) as project:
        paths = project.images()
        placed = [project.ref(path, read_image(path)) for path in paths]
        assert {ref.sha256 for ref in placed} == {ref.sha256 for ref in refs}
        project.store.accept(placed[1], propose(), object="car")
        project.store.states.tell(placed[0], "done")
        project.store.states.tell(placed[2], "skipped")
        found = [(image.path, image.state, image.accepted) for image in project.progress()]
        assert found == list(zip(paths, ("done", "in work", "skipped", "new"), (0, 1, 0, 0), strict=True))
        assert project.queue() == [paths[3], paths[1]]


@pytest.fixture
def two(tmp_path, photo, propose):
    """A project with two photos; of the first a mask is accepted, and it has a copy."""
    paths = [tmp_path / "photos" / name for name in ("0.png", "1.png", "copy.png")]
    for seed in range(2):
        photo(seed)
    paths[2].write_bytes(paths[0].read_bytes())
    with Project.create(tmp_path / "cars", images=[tmp_path / "photos"]) as project:
        project.store.accept(project.ref(paths[0], read_image(paths[0])), propose(), object="car")
        yield project, paths


def told(project):
    return {image.path.name: (image.state, image.accepted) for image in project.progress()}


def test_what_is_said_of_a_copy_is_said_of_the_image_and_the_queue_ends(two):
    project, (first, other, copy) = two
    assert told(project) == {"0.png": ("in work", 1), "1.png": ("new", 0), "copy.png": ("new", 0)}
    project.store.states.tell(project.ref(copy, read_image(copy)), "done")
    assert told(project) == {"0.png": ("done", 1), "1.png": ("new", 0), "copy.png": ("done", 1)}
    assert project.queue() == [other]
    project.store.states.tell(project.ref(first, read_image(first)), "open")
    assert told(project)["copy.png"] == ("in work", 1)
    with Project.open(project.folder) as again:
        assert told(again) == told(project)


def test_an_image_that_was_renamed_is_known_again_once_somebody_said_something(two):
    project, (first, _, copy) = two
    copy.unlink()
    moved = first.rename(first.with_name("street.png"))
    ref = project.ref(moved, read_image(moved))
    (record,) = project.store.annotations()
    with pytest.raises(BadInput, match="not in the project"):
        project.image_path(record.image)
    project.store.states.tell(ref, "done")
    assert told(project)["street.png"] == ("done", 1)
    assert project.image_path(record.image) == moved
    assert np.array_equal(project.read(record.image), read_image(moved))


def test_a_path_is_that_of_the_image_that_was_last_met_there(two, photo, propose):
    project, (_, other, copy) = two
    project.store.register(project.ref(other, read_image(other)))
    project.store.register(project.ref(copy, read_image(copy)))
    assert told(project)["copy.png"] == ("in work", 1)
    copy.write_bytes(other.read_bytes())
    project.store.register(project.ref(copy, read_image(copy)))
    project.store.states.tell(project.ref(copy, read_image(copy)), "skipped")
    assert told(project) == {"0.png": ("in work", 1), "1.png": ("skipped", 0), "copy.png": ("skipped", 0)}
    photo(7, "copy.png")
    project.store.register(project.ref(copy, read_image(copy)))
    assert told(project)["copy.png"] == ("new", 0)
    with Project.open(project.folder) as again:
        assert told(again) == told(project)


def states(store):
    return set(store.states.all())
