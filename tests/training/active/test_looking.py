"""What a ranking looks at, what it takes from before, and what it leaves on disk."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import read_image
from semsam_annotate.annotations.next_images import NextImages
from semsam_annotate.training.active import file_keys, looking
from semsam_annotate.training.active.features import candidate
from semsam_annotate.training.active.looking import FOLDER, KEYS, Looking
from semsam_annotate.training.active.rank import RankSettings, rank


class Counting:
    """An engine that counts what it is asked for."""

    def __init__(self, engine):
        self.engine, self.encoded, self.searched = engine, 0, 0

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def encode(self, *arguments):
        self.encoded += 1
        return self.engine.encode(*arguments)

    def auto(self, *arguments, **more):
        self.searched += 1
        return self.engine.auto(*arguments, **more)


@pytest.fixture
def counting(engine):
    return Counting(engine)


@pytest.fixture
def read(monkeypatch):
    """Files that are decoded; what was written just now counts as old."""
    found = []

    def look(path):
        found.append(path)
        return read_image(path)

    monkeypatch.setattr(looking, "read_image", look)
    monkeypatch.setattr(file_keys, "FRESH", -(10**18))
    return found


def label(project, path):
    ref = project.ref(path, read_image(path))
    return project.store.accept(ref, mask=np.eye(64, 80) > 0, object="disc").id


def order(project, engine, settings):
    found = rank(project, engine, settings).found
    assert isinstance(found, NextImages)
    return [Path(one.path) for one in found.images]


def test_a_labelled_image_is_looked_at_without_a_search_and_looks_the_same(project, counting):
    path, *others = project.images()
    id = label(project, path)
    assert sorted(order(project, counting, RankSettings("diverse"))) == others
    assert (counting.encoded, counting.searched) == (3, 2)
    look = Looking(project, counting, lambda done: None, None)
    whole = candidate(counting, look.keys.get(path) or "key", read_image(path), project.vocabulary())
    key = project.ref(path, read_image(path)).sha256
    assert np.array_equal(look.cache.vector(key), whole.vector)
    before = counting.encoded, counting.searched
    order(project, counting, RankSettings("diverse"))
    assert (counting.encoded, counting.searched) == before
    project.store.delete(id)
    assert sorted(order(project, counting, RankSettings("diverse"))) == project.images()
    assert counting.searched == before[1] + 1


def test_files_as_they_were_are_not_decoded_again_and_changed_ones_are(project, counting, read):
    first, *others = project.images()
    found = order(project, counting, RankSettings("entropy"))
    assert sorted(read) == project.images()
    read.clear()
    assert order(project, counting, RankSettings("entropy")) == found
    assert read == []
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(first)
    shutil.copy(others[0], others[1])
    assert sorted(order(project, counting, RankSettings("entropy"))) == [first, others[0]]
    assert sorted(read) == [first, others[1]]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": []}', b'{"a": [1, 2, "x", null]}', b"\xff"])
def test_a_damaged_list_of_files_is_made_again(project, counting, read, content):
    found = order(project, counting, RankSettings("entropy"))
    (project.embeddings / FOLDER / KEYS).write_bytes(content)
    assert order(project, counting, RankSettings("entropy")) == found
    assert len(read) == 6


def test_a_file_that_was_just_written_is_not_trusted(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"1")
    assert file_keys.state_of(path) is None
    assert file_keys.state_of(tmp_path / "none.png") is None


def test_only_what_models_and_words_that_are_there_have_found_stays(project, counting):
    folder = project.embeddings / FOLDER
    order(project, counting, RankSettings("entropy"))
    (first,) = (place for place in folder.iterdir() if place.is_dir())
    version, words = first.name.rsplit("-", 1)
    (project.models / "0123456789ab").mkdir(parents=True)
    (project.models / "0123456789ab" / "weights.safetensors").write_bytes(b"")
    for name in (f"0123456789ab-{words}", f"ba9876543210-{words}", f"{version}-0123456789ab", "mine"):
        (folder / name).mkdir()
    order(project, counting, RankSettings("entropy"))
    left = {place.name for place in folder.iterdir() if place.is_dir()}
    assert left == {first.name, f"0123456789ab-{words}", "mine"}
    project.add_classes(["lorry"])
    order(project, counting, RankSettings("entropy"))
    (now,) = (place for place in folder.iterdir() if place.is_dir() and place.name != "mine")
    assert now.name.rsplit("-", 1)[1] != words


def test_of_copies_of_an_image_one_takes_a_place_among_the_most(project, counting):
    for path in project.images()[:2]:
        for number in range(3):
            shutil.copy(path, path.with_name(f"{number} copy of {path.name}"))
    project.add_images(sorted(project.images()[0].parent.glob("* copy of *.png")))
    for seed in range(6):
        assert len(order(project, counting, RankSettings("random", most=2, seed=seed))) == 2
