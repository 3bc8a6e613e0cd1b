"""Conflicts in chains, merging by another path, and reviews of records that are known by their source."""

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.people.conflicts import conflicts
from semsam_annotate.annotations.record import Source
from semsam_annotate.annotations.upkeep.merging import merge
from semsam_annotate.api import BadInput


@pytest.fixture
def pair(tmp_path):
    """Two projects with copies of one photo, and its reference in either."""
    rgb = np.random.default_rng(3).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    made = []
    for name in ("here", "there"):
        photo = tmp_path / name / "photos" / "a.png"
        photo.parent.mkdir(parents=True)
        Image.fromarray(rgb).save(photo)
        project = Project.create(tmp_path / name, images=[photo.parent])
        made.append((project, project.ref(photo, rgb)))
    yield made
    for project, _ in made:
        project.close()


def strip(x0, x1):
    mask = np.zeros((40, 40), bool)
    mask[:20, x0:x1] = True
    return mask


def test_what_one_person_drew_as_two_things_is_never_one_conflict(pair):
    (project, ref), _ = pair
    drawn = {}
    for name, author, x0, x1 in (("a1", "ann", 0, 10), ("b", "ben", 2, 12), ("c", "cid", 4, 14), ("a2", "ann", 6, 16)):
        drawn[name] = project.store.accept(ref, mask=strip(x0, x1), object="car", author=author).id
    for found in conflicts(project.store):
        authors = [mask.author for mask in found.masks]
        assert len(authors) == len(set(authors))


def test_a_review_of_what_is_known_by_its_source_comes_along(pair):
    (here, ref), (there, other) = pair
    source = Source("label-studio", "1", "7")
    mine = here.store.accept(ref, mask=strip(0, 10), object="car", source=source)
    theirs = there.store.accept(other, mask=strip(0, 10), object="car", source=source)
    there.store.review(theirs.id, "changes requested", "ann", "sloppy")
    report = merge(here, there)
    assert (report.added, report.known) == (0, 1)
    assert here.store.get(mine.id).review == "changes requested"
    assert merge(here, there).events == 0


def test_a_project_opened_by_a_roundabout_way_is_the_same(pair, tmp_path):
    (here, _), (there, other) = pair
    there.store.accept(other, mask=strip(0, 10), object="car")
    with Project.open(tmp_path / "here" / ".." / "there") as again:
        assert again.folder == there.folder
        merge(here, again)
    merge(here, there)
    assert len(here.images()) == 2
    assert not any(".." in ref.path for ref in here.store.images())
    assert here.add_images([tmp_path / "there" / ".." / "there" / "photos"]) == []


def test_a_damaged_mask_is_told_and_not_read_for_ever(pair):
    (project, ref), _ = pair
    for author in ("ann", "ben"):
        project.store.accept(ref, mask=strip(0, 10), object="car", author=author)
    with project.store.engine.begin() as raw:
        raw.exec_driver_sql("UPDATE annotation SET mask = json_set(mask, '$.counts', 'zzz') WHERE author = 'ben'")
    with pytest.raises(BadInput, match="project check names it"):
        list(conflicts(project.store))
