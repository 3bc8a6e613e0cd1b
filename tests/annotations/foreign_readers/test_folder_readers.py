"""datumaro reads the panoptic maps, supervision the YOLO folder, datasets the folder with images, OpenCV the maps."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="run by tools/foreign_readers.sh in an environment of its own")
datasets = pytest.importorskip("datasets", reason="run by tools/foreign_readers.sh in an environment of its own")
datumaro = pytest.importorskip("datumaro", reason="run by tools/foreign_readers.sh in an environment of its own")
supervision = pytest.importorskip("supervision", reason="run by tools/foreign_readers.sh in an environment of its own")

from pycocotools import mask as coco_mask  # noqa: E402

KINDS = pytest.mark.parametrize("kind", ["objects", "parts"])


def seen(exported, kind):
    """What is left of every mask under smaller ones, one of the same size accepted later lies above: (fact, pixels)."""
    facts = [fact for fact in exported.facts.values() if fact.is_part == (kind == "parts")]
    for image in {fact.image for fact in facts}:
        above = np.zeros((), bool)
        drawn = sorted(
            (n for n, fact in enumerate(facts) if fact.image == image), key=lambda n: (facts[n].mask.sum(), -n)
        )
        for number in drawn:
            left = facts[number].mask & ~above
            above = above | facts[number].mask
            if left.any():
                yield facts[number], left


def told(image, name, mask):
    return Path(image).stem, name, sha256(np.ascontiguousarray(mask, bool)).hexdigest()


@KINDS
def test_datumaro_reads_panoptic_files(exported, kind, tmp_path):
    (tmp_path / "annotations").mkdir()
    for place, name in ((f"{kind}.json", "panoptic_all.json"), (kind, "panoptic_all")):
        (tmp_path / "annotations" / name).symlink_to(exported.folder / "panoptic" / place)
    (tmp_path / "images").symlink_to(exported.images)
    data = datumaro.Dataset.import_from(str(tmp_path), "coco_panoptic")
    labels = data.categories()[datumaro.AnnotationType.label]
    found = Counter(
        told(item.media.path, labels[mask.label].name, mask.image) for item in data for mask in item.annotations
    )
    assert found == Counter(told(fact.image, fact.name, left) for fact, left in seen(exported, kind))
    for row in exported.content(f"panoptic/{kind}.json")["annotations"]:
        ids = cv2.imread(str(exported.folder / "panoptic" / kind / row["file_name"]))[..., ::-1].astype(int)
        numbers = ids @ [1, 256, 65536]
        assert {one["id"]: one["area"] for one in row["segments_info"]} == {
            int(id): int((numbers == id).sum()) for id in np.unique(numbers) if id
        }


@KINDS
def test_opencv_reads_label_maps(exported, kind):
    legend, found = exported.content("labels/legend.json"), Counter()
    for row in legend["images"]:
        drawn = cv2.imread(str(exported.folder / "labels" / row[f"{kind[:-1]}_map"]), cv2.IMREAD_UNCHANGED)
        assert drawn.dtype == np.uint16
        for mask in row[kind]:
            found[told(row["file_name"], mask["category"], drawn == mask["value"])] += 1
            assert mask["category"] in legend["palette"]
            parent = exported.facts[exported.facts[mask["id"]].parent] if exported.facts[mask["id"]].parent else None
            above = mask["part_of"]
            there = None if above is None else row[f"{above['map']}s"][above["value"] - 1]["id"]
            assert there is None or there == parent.id
    assert found == Counter(told(fact.image, fact.name, left) for fact, left in seen(exported, kind))


def grown(mask):
    """One pixel wider to the right and below: OpenCV fills polygons with their border."""
    padded = np.pad(mask, ((1, 0), (1, 0)))
    return padded[1:, 1:] | padded[:-1, 1:] | padded[1:, :-1] | padded[:-1, :-1]


def bridges(ring, shape):
    """Lines between pieces and holes as OpenCV draws them: those sides of the polygon that are walked twice."""
    corners = np.round(ring).astype(int).tolist()
    sides = [tuple(sorted(map(tuple, side))) for side in zip(corners, [*corners[1:], corners[0]], strict=True)]
    drawn = np.zeros(shape, np.uint8)
    for side, times in Counter(sides).items():
        if times > 1:
            cv2.line(drawn, *side, 1)
    return drawn.astype(bool)


@pytest.mark.parametrize(("folder", "split"), [("train", "train"), ("val", "validation"), ("test", "test")])
def test_supervision_reads_yolo(exported, folder, split):
    root = exported.folder / "yolo"
    data = supervision.DetectionDataset.from_yolo(
        str(root / "images" / folder), str(root / "labels" / folder), str(root / "data.yaml"), force_masks=True
    )
    facts = [fact for fact in exported.facts.values() if fact.split == split]
    assert {Path(path).stem for path in data.image_paths} == {Path(fact.image).stem for fact in facts}
    for path, _, detections in data:
        written = [fact for fact in facts if Path(fact.image).stem == Path(path).stem]
        lines = (root / "labels" / folder / f"{Path(path).stem}.txt").read_text(encoding="ascii").splitlines()
        assert len(detections) == len(written) == len(lines)
        for box, mask, label, fact, line in zip(
            detections.xyxy, detections.mask, detections.class_id, written, lines, strict=True
        ):
            assert data.classes[label] == fact.name
            x, y, across, down = fact.box
            assert np.allclose(box, [x, y, x + across, y + down], atol=0.01)
            ring = np.array(line.split()[1:], float).reshape(-1, 2) * fact.mask.shape[::-1]
            assert (fact.mask <= mask).all()
            assert (mask <= grown(fact.mask) | bridges(ring, fact.mask.shape)).all()
            (filled,) = coco_mask.frPyObjects([ring.ravel().tolist()], *fact.mask.shape)
            assert np.array_equal(coco_mask.decode(filled), fact.mask)


def test_datasets_loads_the_folder(exported, tmp_path):
    loaded = datasets.load_dataset("imagefolder", data_dir=str(exported.folder / "datasets"), cache_dir=str(tmp_path))
    assert set(loaded) == {fact.split for fact in exported.facts.values()}
    count = 0
    for split, rows in loaded.items():
        for row in rows:
            assert row["image"].size == (row["width"], row["height"])
            for mask in row["objects"]:
                count += 1
                fact = exported.facts[mask["id"]]
                pixels = coco_mask.decode(mask["segmentation"]).astype(bool)
                parent = row["objects"][mask["part_of"]]["id"] if mask["part_of"] >= 0 else None
                assert (mask["category"], mask["area"], split) == (fact.name, fact.mask.sum(), fact.split)
                assert (mask["bbox"], parent) == ([float(value) for value in fact.box], fact.parent)
                assert np.array_equal(pixels, fact.mask)
    assert count == len(exported.facts)
