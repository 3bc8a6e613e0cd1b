"""Every format is written a few images at a time, whatever a project holds."""

import gc
import weakref
from dataclasses import replace

import pytest

from semsam_annotate.annotations import outgoing
from semsam_annotate.annotations.drafts import draft
from semsam_annotate.annotations.exports import FORMATS, write_outgoing
from semsam_annotate.annotations.formats.listed import FURTHER
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format

AT_ONCE, IMAGES, EACH = 2, 12, 3


class Watched:
    """Records of which each question gets new ones; ``most``: how many were alive at once."""

    def __init__(self, held):
        self._held, self._given, self.most = held, [], 0
        self.images, self.splits, self.names, self.light = held.images, held.splits, held.names, held.light

    def records(self, images):
        found = [replace(record) for record in self._held.records(images)]
        gc.collect()
        self._given = [one for one in self._given if one() is not None] + [weakref.ref(record) for record in found]
        self.most = max(self.most, len(self._given))
        return found


@pytest.fixture
def watched(store, photo, propose):
    """Many images, each with an object and its parts, two of them without any."""
    for seed in range(IMAGES):
        ref = photo(seed, f"{seed:02d}.png")
        object = store.accept(ref, propose(seed), object="car")
        for number in range(1, EACH):
            store.accept(ref, propose(seed + number), part="wheel", part_of=object.id)
    images = [*store.images(), photo(98, "bare.png"), photo(99, "zz.png")]
    return Watched(outgoing.Held.of(images, store.annotations(), {}))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(outgoing, "IMAGES_AT_ONCE", AT_ONCE)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "format", [*FORMATS, *FURTHER.values(), tasks_format()], ids=lambda one: getattr(one, "name", one)
)
def test_few_masks_are_in_memory_at_once_and_progress_ends_where_it_should(format, watched, tmp_path):
    told = []

    def picture(ref):
        return tmp_path / "photos" / ref.path

    def progress(done, total):
        told.append((done, total))

    report = write_outgoing(format, tmp_path / "out", watched, Vocabulary(), picture, progress)
    assert report.images >= IMAGES
    assert 0 < watched.most <= 2 * AT_ONCE * EACH < IMAGES * EACH
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0
    assert len(told) > IMAGES / AT_ONCE


@pytest.mark.parametrize("format", [*FURTHER.values(), tasks_format()], ids=lambda one: one.name)
def test_stacks_alone_are_refused_where_a_format_has_no_planes(format, image, propose, tmp_path):
    records = [draft(image, propose(), {"object": "car", "part": None, "plane": (3,)})]
    held = outgoing.Held.of([image], records, {})
    if format.planes:
        assert write_outgoing(format, tmp_path / "out", held).objects == 1
        return
    with pytest.raises(BadInput, match="1 masks in planes of stacks"):
        write_outgoing(format, tmp_path / "out", held)
    assert not list(tmp_path.glob("*out*"))
