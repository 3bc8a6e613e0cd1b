"""What is exported in any format comes back through `semsam import`, up to what the format cannot carry."""

import os
from collections import Counter
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from semsam_annotate.annotations import Project, read_image
from semsam_annotate.api import BadInput, decode_rle
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format
from semsam_annotate.cli.importing import read_any

EXAMPLES = 6 if hypothesis_settings().max_examples <= 100 else 60  # the profile of `make stress` has more
OBJECTS = ["car", "Monitor/TV", "größe", "Big_Car"]
NAMES = {"object": st.sampled_from([None, *OBJECTS]), "part": st.sampled_from([None, "wheel", "Front_Door"])}
FACTS = {"track": st.sampled_from([None, "t"]), "author": st.sampled_from([None, "ann"])}
MASKS = st.tuples(st.integers(0, 7), st.integers(0, 2), st.booleans(), st.fixed_dictionaries(NAMES | FACTS))
SCENES = st.lists(MASKS, min_size=1, max_size=8)
SPLITS = ("train", "validation", "test")
"""Of the images, by the number in their name."""


@pytest.fixture
def there_and_back(tmp_path):
    """Exports a project and imports what that gave into a new one: the records before and after, the splits after."""

    def run(folder, format, name="out", *sources):
        with Project.open(folder / "project") as project:
            project.add_images([tmp_path / "photos"])
            try:
                project.export(tasks_format() if format == "label-studio" else format, folder / name)
            except BadInput:  # none of the masks is of the kind that it holds: test_formats.py
                return None
            before = project.store.annotations()
        with Project.create(folder / "new", objects=OBJECTS, parts={"wheel": []}) as project:
            for source in sources or (name,):
                added = [take_in(project, named, folder / source, tmp_path / "photos") for named in (format, "auto")]
                assert added[1] == 0, "what is imported twice is there once"
            after = project.store.annotations()
            for record in after:
                project.read(record.image)
            return before, after, {sha: split.split for sha, split in project.store.splits.all().items()}

    return run


def take_in(project, format, source, photos):
    return project.take_in(read_any(format, source, photos, project.folder)).added


def owner(record, by_id):
    """The nearest object at or above a record."""
    while record is not None and record.kind != "object":
        record = by_id.get(record.part_of)
    return record


def named(record, by_id):
    """With the object's name that a category has: that of the nearest object above, where there is one."""
    above = owner(record, by_id)
    return record.with_(object=record.object if above is None else above.object)


def visible(records):
    """What is left of every mask under the smaller ones, of one size under the later ones: ids and pixels."""
    masks = [decode_rle(record.mask) for record in records]
    places = [(one.image, one.kind, -mask.sum(), n) for n, (one, mask) in enumerate(zip(records, masks, strict=True))]
    left = {}
    for record, mask, place in zip(records, masks, places, strict=True):
        above = [masks[n] for n, other in enumerate(places) if other[:2] == place[:2] and other[2:] > place[2:]]
        seen = mask & ~np.any([np.zeros_like(mask), *above], axis=0)
        left |= {record.id: seen} if seen.any() else {}
    return left


def told(records, *facts, pixels=None):
    """Images, pixels and names of records, and some of their facts; of a parent its pixels."""
    given = {record.id: decode_rle(record.mask) for record in records} if pixels is None else pixels
    masks = {id: sha256(mask.tobytes()).hexdigest()[:9] for id, mask in given.items()}
    return sorted(
        (
            (
                record.image.sha256[:9],
                masks[record.id],
                record.kind,
                record.object,
                record.part,
                *(getattr(record, fact) for fact in facts if fact != "part_of"),
                masks[record.part_of] if "part_of" in facts and record.part_of in masks else None,
            )
            for record in records
            if record.id in masks
        ),
        key=repr,
    )


EVERYTHING = ("id", "part_of", "level", "score", "track", "author")


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
def test_datasets(scene, projects, there_and_back):
    before, after, splits = there_and_back(projects(scene), "datasets")
    assert told(after, *EVERYTHING) == told(before, *EVERYTHING)
    with_masks = {record.image.sha256: record.image.path for record in before}
    assert splits == {sha: SPLITS[int(path[-5])] for sha, path in with_masks.items()}


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
def test_label_maps(scene, projects, there_and_back):
    before, after, splits = there_and_back(projects(scene), "labels")
    left = visible(before)
    assert told(after, *EVERYTHING) == told(before, *EVERYTHING, pixels=left)
    assert set(splits.values()) == {SPLITS[int(record.image.path[-5])] for record in before}


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
def test_yolo(scene, projects, there_and_back):
    before, after, splits = there_and_back(projects(scene), "yolo")
    by_id = {record.id: record for record in before}
    assert told(after) == told([named(record, by_id) for record in before])
    assert set(splits.values()) == {SPLITS[int(record.image.path[-5])] for record in before}


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
@pytest.mark.parametrize("format", ["lvis", "pascal-part"])
def test_files_of_one_kind(format, scene, projects, there_and_back):
    back = there_and_back(projects(scene), format, "out.json")
    if back is None:
        return
    before, after, _ = back
    by_id = {record.id: record for record in before}
    full = [named(record, by_id) for record in before]
    kept = [one for one in full if one.kind == ("object" if format == "lvis" else "part")]
    assert told(after) == told([one for one in kept if format == "lvis" or one.object is not None])


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
def test_panoptic(scene, projects, there_and_back):
    before, after, _ = there_and_back(projects(scene), "panoptic", "out", "out/objects.json", "out/parts.json")
    by_id, left = {record.id: record for record in before}, visible(before)
    assert told(after) == told([named(record, by_id) for record in before], pixels=left)


BARE = dict.fromkeys(("object", "part", "track", "author"))


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
@example(scene=[(0, 0, False, BARE), (0, 1, False, BARE | {"part": "wheel"}), (0, 1, False, BARE | {"object": "car"})])
def test_both_panoptic_files(scene, projects, there_and_back):
    """A part's owner is the object of its name, if it has one, that more than half of it lies in."""
    before, after, _ = there_and_back(projects(scene), "panoptic")
    by_id, left = {record.id: record for record in before}, visible(before)
    seen = [named(record, by_id) for record in before]

    def with_owner(part):
        objects = [one for one in seen if one.kind == "object" and one.image == part.image and one.id in left]
        for one in objects:
            inside = 2 * (left[one.id] & left[part.id]).sum() > left[part.id].sum()
            if inside and part.object in (None, one.object):
                return part.with_(part_of=one.id, object=one.object)
        return part.with_(part_of=None)

    owned = [with_owner(one) if one.kind == "part" and one.id in left else one for one in seen]
    assert told(after, "part_of") == told(owned, "part_of", pixels=left)


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
@pytest.mark.parametrize("format", ["coco", "parts"])
def test_what_knows_all(format, scene, projects, there_and_back):
    back = there_and_back(projects(scene), format, "out.json")
    if back is None:
        return
    before, after, _ = back
    by_id = {record.id: record for record in before}
    kept = [record for record in before if format == "coco" or owner(record, by_id) is not None]
    assert told(after, *EVERYTHING, "time") == told(kept, *EVERYTHING, "time")


@hypothesis_settings(max_examples=EXAMPLES)
@given(scene=SCENES)
def test_tasks_of_label_studio(scene, projects, there_and_back):
    scene = [
        (seed % 6, *rest, facts | {"part": facts["part"] and "wheel"}) for seed, *rest, facts in scene
    ]  # score ≤ 1
    before, after, _ = there_and_back(projects(scene), "label-studio", "out.json")
    by_id = {record.id: record for record in before}

    def as_label_studio_has_it(record):
        if record.kind == "part" and not record.part:
            return record.with_(kind="object", object=None, part_of=None)
        return record.with_(object=named(record, by_id).object or record.object)

    assert told(after, "part_of", "level", "score") == told(
        [as_label_studio_has_it(record) for record in before], "part_of", "level", "score"
    )


@pytest.mark.parametrize("format", ["coco", "datasets", "labels", "yolo", "lvis", "label-studio"])
def test_what_comes_in_is_work_that_is_begun(format, tmp_path, photo, propose):
    with Project.create(tmp_path / "project") as project:
        for seed, name in enumerate(("a.png", "walk/b.png")):
            (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
            project.store.accept(photo(seed, name), propose(0), object="car")
        project.add_images([tmp_path / "photos"])
        file = tmp_path / ("out.json" if format in ("coco", "lvis", "label-studio") else "out")
        project.export(tasks_format() if format == "label-studio" else format, file)
    with Project.create(tmp_path / "new", objects=["car"]) as new:
        assert take_in(new, format, file, tmp_path / "photos") == 2
        assert [(image.path.name, image.state) for image in new.progress()] == [
            ("a.png", "in work"),
            ("b.png", "in work"),
        ]
        first = new.progress()[0].path
        new.store.states.tell(new.ref(first, read_image(first)), "done")
        assert new.queue() == [new.progress()[1].path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize(
    "format", ["coco", "parts", "datasets", "labels", "yolo", "panoptic", "lvis", "pascal-part", "label-studio"]
)
def test_images_of_any_name_come_back(format, tmp_path, photo, propose, there_and_back):
    """A colon and a backslash are letters of a name here; a file from Windows means a folder by the second."""
    names = ["b:c.png", "d\\e.png", "in:side/x y.png", "größe\\.png", "-z.png", "bc:/x.png", "x.png", "\\f.png"]
    names.append("data/upload/1/z.png")
    for folder in ("in:side", "bc:", "data/upload/1"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
    with Project.create(tmp_path / "project") as project:
        for seed, name in enumerate(names):
            car = project.store.accept(photo(seed, name), propose(0), object="car")
            project.store.accept(car.image, propose(1), part="wheel", part_of=car.id)
    file = "out" if format in ("datasets", "labels", "yolo", "panoptic") else "out.json"
    before, after, _ = there_and_back(tmp_path, format, file)
    assert Counter(one.image.sha256 for one in after) == Counter(
        one.image.sha256 for one in before if one.kind != {"lvis": "part", "pascal-part": "object"}.get(format)
    )
