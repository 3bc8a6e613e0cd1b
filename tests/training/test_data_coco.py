import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput, encode_rle
from semsam_annotate.training.data import OBJECT, PART, UNKNOWN, TrainingImage
from semsam_annotate.training.data.coco import read_coco
from semsam_annotate.training.data.pack import Pack, write_pack
from semsam_annotate.training.data.resize import fit, shrink_masks


def _mask(height, width, y0, y1, x0, x1):
    mask = np.zeros((height, width), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def coco(tmp_path):
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), np.uint8)).save(tmp_path / "images" / name)
    masks = [_mask(40, 60, 5, 35, 5, 55), _mask(40, 60, 10, 20, 10, 20), _mask(40, 60, 12, 16, 12, 16)]
    rows = [
        {"id": 7, "image_id": 1, "category_id": 1, "segmentation": encode_rle(masks[0])},
        {"id": 3, "image_id": 1, "category_id": 2, "segmentation": encode_rle(masks[1]), "part_of": 7},
        {"id": 4, "image_id": 1, "category_id": 3, "segmentation": encode_rle(masks[2]), "part_of": 3},
        {"id": 5, "image_id": 1, "category_id": 1, "segmentation": encode_rle(masks[0]), "iscrowd": 1},
        {"id": 6, "image_id": 2, "category_id": 4, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]},
    ]
    content = {
        "images": [
            {
                "id": 1,
                "file_name": "images/a.jpg",
                "height": 40,
                "width": 60,
                "source": "s",
                "license_class": "redistributable",
            },
            {"id": 2, "file_name": "images/b.jpg", "height": 40, "width": 60, "license_class": "research-only"},
        ],
        "annotations": rows,
        "categories": [
            {"id": 1, "name": "house", "kind": "object"},
            {"id": 2, "name": "house/door", "kind": "part"},
            {"id": 3, "name": "house:handle"},
            {"id": 4, "name": "region", "kind": "object"},
        ],
    }
    return tmp_path, content


def _read(coco, **options):
    folder, content = coco
    (folder / "c.json").write_text(json.dumps(content))
    return read_coco(folder / "c.json", folder, **options)


def test_names_parents_and_kinds(coco):
    house, region = _read(coco)
    assert house.kinds == (OBJECT, PART, PART)
    assert house.objects == ("house", "house", "house")
    assert house.parts == (None, "door", "handle")
    assert house.parents == (-1, 0, 1)
    assert region.kinds == (UNKNOWN,)
    assert region.objects == (None,)


def test_licence_filter(coco):
    assert [entry.source for entry in _read(coco, licenses={"redistributable"})] == ["s"]


def test_load_full_and_shrunk(coco):
    entry = _read(coco)[0]
    full, small = entry.load(), entry.load(30)
    assert full.image.shape == (40, 60, 3)
    assert full.masks.sum(axis=(1, 2)).tolist() == [1500, 100, 16]
    assert small.masks.shape == (3, 20, 30)
    assert not (small.masks[1] & ~small.masks[0]).any()
    tiny = entry.load(3)
    assert len(tiny) == 1
    assert tiny.parents.tolist() == [-1]


def test_pack_round_trip(coco, tmp_path):
    entries = _read(coco)
    write_pack(entries, tmp_path / "one.pack", max_side=48)
    write_pack(entries, tmp_path / "two.pack", max_side=48)
    pack = Pack(tmp_path / "one.pack")
    assert len(pack) == 2
    assert pack.sha256() == Pack(tmp_path / "two.pack").sha256()
    assert (tmp_path / "one.pack").read_bytes() == (tmp_path / "two.pack").read_bytes()
    loaded, direct = pack.load(0), entries[0].load(48)
    assert np.array_equal(loaded.masks, direct.masks)
    assert (loaded.objects, loaded.parts) == (direct.objects, direct.parts)
    assert np.array_equal(loaded.parents, direct.parents)
    assert np.abs(loaded.image.astype(int) - direct.image).mean() < 30
    assert (pack.source(0), pack.license_class(1), pack.mask_count(0)) == ("s", "research-only", 3)
    with pytest.raises(IndexError):
        pack.load(2)


def test_damaged_packs_are_named(tmp_path):
    (tmp_path / "x.pack").write_bytes(b"not a zip")
    with pytest.raises(BadInput, match="damaged"):
        Pack(tmp_path / "x.pack")
    with pytest.raises(FileNotFoundError):
        Pack(tmp_path / "none.pack")


def test_a_failed_pack_leaves_nothing(coco, tmp_path):
    folder, _ = coco
    entries = _read(coco)
    (folder / "images" / "b.jpg").unlink()
    with pytest.raises(BadInput, match=r"b\.jpg"):
        write_pack(entries, tmp_path / "out" / "x.pack") if (tmp_path / "out").mkdir() is None else None
    assert not list((tmp_path / "out").iterdir())


def _wrong(key, value):
    def change(content):
        content["annotations"][0][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("categories"), "not COCO"),
        (_wrong("category_id", 99), "category 99"),
        (_wrong("image_id", 99), "image 99"),
        (_wrong("segmentation", [[1, 2, 3, 4]]), "three points"),
        (_wrong("segmentation", {"size": [1, 1], "counts": "1"}), "size"),
    ],
)
def test_bad_coco_is_named(coco, change, words):
    change(coco[1])
    with pytest.raises(BadInput, match=words):
        _read(coco)


def test_wrong_image_size_is_named(coco):
    folder, _ = coco
    entry = _read(coco)[0]
    Image.new("RGB", (10, 10)).save(folder / "images" / "a.jpg")
    with pytest.raises(BadInput, match="10x10"):
        entry.load()


def test_record_refuses_what_does_not_fit():
    good = {"image": np.zeros((4, 4, 3), np.uint8), "masks": np.ones((2, 4, 4), bool), "kinds": np.zeros(2, np.int8)}
    names = {"objects": ("a", "b"), "parts": (None, None)}
    TrainingImage(**good, **names, parents=np.array([-1, 0]))
    for parents in ([1, 0], [0, -1], [-1, 2]):
        with pytest.raises(BadInput):
            TrainingImage(**good, **names, parents=np.array(parents))
    with pytest.raises(BadInput, match="lengths"):
        TrainingImage(**good, **names, parents=np.array([-1]))


def test_fit_and_shrink():
    assert fit(10, 20, None) == (10, 20)
    assert fit(1, 3000, 100) == (1, 100)
    masks = np.random.default_rng(0).random((3, 33, 20)) > 0.5
    masks[1] &= masks[0]
    small = shrink_masks(masks, 7, 5)
    assert small.shape == (3, 7, 5)
    assert not (small[1] & ~small[0]).any()
