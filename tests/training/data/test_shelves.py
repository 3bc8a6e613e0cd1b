"""The chance of every image, however the files and sources lie."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.training.config import DataConfig, SetConfig
from semsam_annotate.training.data.shelves import fill_shelves


class File:
    """A file of images of which only the sources are known."""

    def __init__(self, sources):
        self.path, self.sources = Path("x.pack"), sources

    def __len__(self):
        return len(self.sources)

    def source(self, index):
        return self.sources[index]


def chances(files, config):
    """Of every (file, number)."""
    return {
        (files.index(shelf.file), int(number)): shelf.share / len(shelf.images)
        for shelf in fill_shelves(files, config)
        for number in shelf.images
    }


sources = st.lists(st.lists(st.sampled_from("abc"), max_size=8).map(File), min_size=1, max_size=3)


@given(files=sources, balance=st.floats(0, 1))
def test_sources_are_balanced_and_their_images_alike(files, balance):
    found = chances(files, DataConfig(packs=("x",), balance=balance))
    counts = Counter(source for file in files for source in file.sources)
    whole = sum(count**balance for count in counts.values())
    wanted = {
        (number, index): counts[source] ** (balance - 1) / whole
        for number, file in enumerate(files)
        for index, source in enumerate(file.sources)
    }
    assert found == pytest.approx(wanted)


@given(files=sources, focus=st.floats(0.1, 0.9))
def test_the_first_file_has_its_focus(files, focus):
    found = chances(files, DataConfig(packs=("x",), focus=focus))
    first = sum(share for (number, _), share in found.items() if number == 0)
    if len(files[0]) and sum(map(len, files[1:])):
        assert first == pytest.approx(focus)
    assert sum(found.values()) == pytest.approx(1 if found else 0)


def test_sets_that_are_left_out_are_not_drawn():
    found = fill_shelves([File("aab"), File("bc")], DataConfig(packs=("x",), sets={"b": SetConfig(share=0.2)}))
    assert {(one.source, len(one.images)): one.share for one in found} == {
        ("a", 2): 0,
        ("b", 1): 0.5,
        ("c", 1): 0,
    } | {("b", 1): 0.5}
    assert sum(one.share for one in found) == 1


def test_millions_of_images_take_eight_bytes_each():
    (shelf,) = fill_shelves([File("a" * 300_000)], DataConfig(packs=("x",)))
    assert shelf.images.nbytes == 8 * 300_000
    assert np.array_equal(shelf.images, np.arange(300_000))
