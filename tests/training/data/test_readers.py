"""Every layout gives the same record: masks to the pixel, names, parents, what is known to be absent."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.api import BadInput, Proposal
from semsam_annotate.training.data import OBJECT, PART, UNKNOWN
from semsam_annotate.training.data.problem import NO_AREA, SHORT_POLYGON
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.data.record import Supervision
from semsam_annotate.training.data.synonyms import read_synonyms

REFERENCE = os.environ.get("SEMSAM_REFERENCE")
BOTH = ("dog", "dog"), (None, "ear"), (-1, 0)
EXPECTED = {  # layout: name, kinds, objects, parts, parents, exhaustive
    "coco": ("coco", (OBJECT, PART), *BOTH, set()),
    "paco": ("paco", (OBJECT, PART), *BOTH, {"dog", "couch", ":ear"}),
    "lvis": ("lvis", (OBJECT, OBJECT), ("apron", "bow"), (None, None), (-1, -1), {"apron", "car"}),
    "vlpart": ("pascal-part", (PART,), ("airplane",), ("body",), (-1,), set()),
    "objects365": ("objects365", (OBJECT,), ("person",), (None,), (-1,), {"person", "tv"}),
    "partimagenet": ("partimagenet", (OBJECT, PART, PART), ("car",) * 3, (None, "body", "tire"), (-1, 0, 0), set()),
    "panoptic": ("panoptic", (OBJECT, OBJECT), ("dog", "wall"), (None, None), (-1, -1), {"dog", "wall", "door"}),
    "sa1b": ("sa-1b", (UNKNOWN, UNKNOWN), (None, None), (None, None), (-1, -1), set()),
    "sa1b_tar": ("sa-1b", (UNKNOWN, UNKNOWN), (None, None), (None, None), (-1, -1), set()),
    "labelme": ("labelme", (OBJECT, PART), *BOTH, set()),
    "pascal_mat": ("pascal-part", (OBJECT, PART), ("dog", "dog"), (None, "left front paw"), (-1, 0), set()),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_layout_gives_the_record(name, layout, masks):
    data = open_data(layout(name), synonyms=read_synonyms())
    format, kinds, objects, parts, parents, exhaustive = EXPECTED[name]
    assert (data.format, len(data), data.problems) == (format, 1, ())
    (entry,) = data
    assert (entry.kinds, entry.objects, entry.parts, entry.parents) == (kinds, objects, parts, parents)
    assert entry.exhaustive == exhaustive
    assert entry.absent == exhaustive - set(objects) - {f":{part}" for part in parts}
    assert {found.kind for found in entry.problems} <= {SHORT_POLYGON, NO_AREA}
    sample = entry.load()
    assert sample.image.shape == (40, 60, 3)
    whole, piece = masks
    tire = np.zeros_like(piece)
    tire[30:36, 30:50] = True
    wanted = {
        "vlpart": [piece],
        "objects365": [whole],
        "panoptic": [whole & ~piece, piece],
        "partimagenet": [piece | tire, piece, tire],
    }
    np.testing.assert_array_equal(sample.masks, wanted.get(name, [whole, piece]))
    assert sample.exhaustive == exhaustive
    names = Supervision.NAMES if any(objects) else Supervision.NONE
    teaches = Supervision.BOXES if name == "objects365" else Supervision.MASKS
    assert entry.supervision == sample.supervision == names | teaches


def test_lvis_rows_and_vocabulary_need_no_synonyms(layout):
    (entry,) = data = open_data(layout("lvis"))
    assert entry.exhaustive == {"apron", "car (automobile)"}
    assert data.vocabulary.objects == ("apron", "bow", "car (automobile)", "cup")
    parts = open_data(layout("paco")).vocabulary
    assert (parts.parts, parts.owners_of("ear")) == (("ear",), ("dog",))


def test_a_name_is_exhaustive_only_if_all_that_became_it_are(layout):
    def merge(content):
        content["categories"] += [{"id": 30, "name": "sofa"}, {"id": 31, "name": "couch"}]
        content["images"][0]["neg_category_ids"] = [1, 30]

    (entry,) = open_data(layout("lvis", merge), synonyms=read_synonyms())
    assert "couch" not in entry.exhaustive
    (apart,) = open_data(layout("lvis", merge))
    assert "sofa" in apart.exhaustive


def test_a_mask_that_is_lost_makes_its_name_uncertain(layout):
    def damage(content):
        content["annotations"][0]["segmentation"] = [[1, 1, 2, 2]]

    (entry,) = open_data(layout("lvis", damage))
    assert entry.objects == ("bow",)
    assert entry.exhaustive == {"car (automobile)"}


def test_coco_tells_absences_only_where_somebody_vouches_for_it(layout):
    (silent,), (vouched,) = (open_data(layout("coco"), exhaustive=given) for given in (None, True))
    assert silent.exhaustive == frozenset()
    assert vouched.exhaustive == {"dog", ":ear"}


def test_what_another_source_draws_is_not_known_to_be_absent(layout):
    def merge(content):
        dog, ear = content["annotations"]
        first = content["images"][0]
        content["categories"] += [
            {"id": 90, "name": "cat"},
            {"id": 91, "name": "cat:ear", "kind": "part"},
            {"id": 92, "name": "wall"},
        ]
        content["images"] = [{**first, "id": n, "source": s} for n, s in enumerate(("dogs", "cats", "rooms", "rooms"))]
        drawn = ((0, dog["category_id"], 1), (0, ear["category_id"], 1), (1, 90, 1), (1, 91, 1), (2, 90, 1), (2, 92, 0))
        content["annotations"] = [
            {**dog, "id": n, "image_id": image, "category_id": category, "isthing": thing, "part_of": None}
            for n, (image, category, thing) in enumerate(drawn)
        ]

    dogs, cats, room, bare = open_data(layout("coco", merge), exhaustive=True)
    assert dogs.exhaustive == {"dog"}, "a cat may be there, and its ear"
    assert cats.exhaustive == {"cat"}
    assert room.exhaustive == {"cat", "wall"}
    assert bare.exhaustive == {"cat"}, "no stuff was drawn in it"
    assert bare.absent == {"cat"}


def test_a_panoptic_file_with_sources_is_exhaustive_in_its_own(layout):
    path = layout("panoptic")
    content = json.loads(path.read_text())
    content["images"][0]["source"] = "rooms"
    path.write_text(json.dumps(content))
    (entry,) = open_data(path)
    assert entry.exhaustive == {"dog", "wall"}, "doors are never drawn"


def test_a_folder_of_tars_is_one_data_set(layout):
    tar = layout("sa1b_tar")
    for number in (1, 2):
        (tar.parent / f"sa_00000{number}.tar").write_bytes(tar.read_bytes())
    data = open_data(tar.parent)
    assert len(data) == 3
    assert [entry.path.name for entry in data] == [f"sa_00000{number}.tar" for number in range(3)]
    first, last = data.entry(0).load(), data.entry(2).load()
    np.testing.assert_array_equal(first.image, last.image)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_opened_set_travels_to_a_worker(name, layout):
    data = open_data(layout(name))
    there = pickle.loads(pickle.dumps(data))
    assert list(there) == list(data)


def test_labelme_shapes(layout, tmp_path):
    path = layout("labelme")
    content = (path / "a.json").read_text()
    circle = {"label": "sun", "points": [[30, 20], [40, 20]], "shape_type": "circle", "group_id": None}
    pieces = [
        {"label": "cat", "points": [[x, 1], [x + 4, 1], [x + 4, 5], [x, 5]], "group_id": 9, "shape_type": "polygon"}
        for x in (1, 21)
    ]
    (path / "a.json").write_text(json.dumps(json.loads(content) | {"shapes": [circle, *pieces]}))
    (entry,) = open_data(path / "a.json")
    sun, cat = entry.load().masks
    assert abs(sun.sum() - np.pi * 100) < 8
    assert cat.sum() == 32
    assert entry.objects == ("sun", "cat")


def test_projects_and_their_exports_read_alike(tmp_path, masks):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    plain = {"score": 0.5, "stability": 0.5, "level": 1, "model": "m", "box": (0, 0, 60, 40)}
    with Project.create(tmp_path / "project") as project:
        project.add_images([tmp_path / "a.png"])
        ref = ImageRef.of(tmp_path / "a.png", rgb, project.folder)
        whole = project.store.accept(ref, Proposal(id="w", mask=masks[0], **plain), object="Monitor/TV")
        piece = Proposal(id="p", mask=masks[1], **plain)
        project.store.accept(ref, piece, object="Monitor/TV", part="left_edge", part_of=whole.id)
        for format in ("coco", "parts"):
            project.export(format, tmp_path / f"{format}.json")
    entries = [next(iter(open_data(tmp_path / name))) for name in ("project", "coco.json", "parts.json")]
    for entry in entries:
        assert entry.problems == ()
        assert entry.objects == ("Monitor/TV", "Monitor/TV")
        assert (entry.parts, entry.parents, entry.kinds) == ((None, "left_edge"), (-1, 0), (OBJECT, PART))
        np.testing.assert_array_equal(entry.load().masks, masks)
        np.testing.assert_array_equal(entry.load().image, rgb)


@pytest.mark.skipif(REFERENCE is None, reason="SEMSAM_REFERENCE names no folder")
def test_the_published_layouts_are_recognised():
    """Their images and runs are placeholders, which must be named and nothing else."""
    formats = {"coco_panoptic": "panoptic", "pascal_part_vlpart": "pascal-part", "sa1b": "sa-1b"}
    for file in sorted((Path(REFERENCE) / "formats").glob("*.json")):
        data = open_data(file)
        assert data.format == formats.get(file.stem, file.stem)
        (entry,) = data
        assert any("not there" in found.kind for found in entry.problems)
        assert len(entry) == {"labelme": 2, "lvis": 1, "objects365": 1, "partimagenet": 2}.get(file.stem, 0)


def test_what_is_unknown_is_said_in_one_line(tmp_path, layout):
    (tmp_path / "x.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    layout("coco")
    layout("lvis")
    for path, words in ((tmp_path / "x.txt", "none of"), (tmp_path / "empty", "none of"), (tmp_path, "name one")):
        with pytest.raises(BadInput, match=words) as raised:
            open_data(path if path != tmp_path else _two(tmp_path))
        assert "\n" not in str(raised.value)


def _two(folder):
    both = folder / "both"
    both.mkdir()
    for name in ("coco", "lvis"):
        (both / f"{name}.json").write_bytes((folder / name / "annotations" / f"{name}.json").read_bytes())
    return both
