"""States of images: what a person says last counts, else the masks say it."""

import pytest

from semsam_annotate.annotations import ImageRef, Project, read_image
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


def test_an_imported_name_is_looked_for_in_the_newest_folder_and_never_taken_from_another_image(tmp_path, photo):
    for folder in ("old", "new"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
    photo(1, "old/1.png")
    theirs = photo(2, "new/1.png")
    with Project.create(
        tmp_path / "cars", images=[tmp_path / "photos" / "old", tmp_path / "photos" / "new"]
    ) as project:
        project.store.states.tell(ImageRef(theirs.sha256, "1.png", theirs.height, theirs.width), "done")
        assert [image.state for image in project.progress()] == ["new", "done"]
        project.store.states.tell(
            ImageRef.of(tmp_path / "photos/old/1.png", read_image(tmp_path / "photos/old/1.png")), "skipped"
        )
        assert [image.state for image in project.progress()] == ["skipped", "done"]
        (tmp_path / "photos/new/1.png").unlink()
        assert [image.state for image in project.progress()] == ["skipped"]
        with Project.open(project.folder) as again:
            assert again.progress() == project.progress()


def states(store):
    return set(store.states.all())
