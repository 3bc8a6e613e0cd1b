"""Segmentation without prompts: what files say about whole images, and engines that know them or do not."""

import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import (
    BadInput,
    Cancelled,
    CancelToken,
    Embedding,
    Proposal,
    Segmentation,
    Vocabulary,
    encode_rle,
)
from semsam_annotate.training.evaluation.segmentation import (
    compare_segmentation,
    measure_segmentation,
    read_truth,
    segment_report,
)
from semsam_annotate.training.evaluation.segmentation.truth import object_map

WORDS = Vocabulary(objects=["car", "grass"], parts=["wheel"])
SIZE = (60, 80)


def rectangle(x0, y0, x1, y1):
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


GRASS, CAR, WHEEL, CROWD = (
    rectangle(0, 40, 80, 60), rectangle(10, 10, 50, 45), rectangle(15, 35, 25, 45), rectangle(60, 0, 80, 20),
)  # fmt: skip


@pytest.fixture
def truth(tmp_path):
    """Two images alike: grass (stuff), a car over it with a wheel, a crowd of cars; nothing is known of "bus"."""
    names = [(1, "car", {}), (2, "grass", {}), (3, "car:wheel", {"supercategory": "PART"}), (4, "bus", {})]
    masks = [(2, GRASS, {"isthing": 0}), (1, CAR, {}), (3, WHEEL, {}), (1, CROWD, {"iscrowd": 1})]
    content = {
        "categories": [{"id": number, "name": name, **other} for number, name, other in names],
        "images": [
            {"id": n, "file_name": f"{n}.png", "height": 60, "width": 80, "neg_category_ids": [4][: 1 - n]}
            for n in range(2)
        ],
        "annotations": [
            {
                "id": 10 * n + index, "image_id": n, "category_id": category, "segmentation": encode_rle(mask), **other,
            }
            for n in range(2)
            for index, (category, mask, other) in enumerate(masks)
        ],
    }  # fmt: skip
    for n in range(2):
        Image.fromarray(np.full((*SIZE, 3), 100 + n, np.uint8)).save(tmp_path / f"{n}.png")
    (tmp_path / "coco.json").write_text(json.dumps(content))
    return read_truth(tmp_path / "coco.json", tmp_path, [tmp_path / "0.png", tmp_path / "1.png"])


class Knowing:
    """Answers with the masks themselves, the car ``shift`` pixels to the right; objects it does not name are lost."""

    def __init__(self, shift=0, names=("car", "grass"), owner="car"):
        self.car, self.names, self.owner = np.roll(CAR, shift, axis=1), names, owner

    def encode(self, image):
        return Embedding("k", image.shape[:2], "1")

    def segment(self, embedding, vocabulary, task="instance"):
        if task == "parts":
            return [self.proposal(WHEEL, part_labels=[("wheel", 0.9)], object_labels=[(self.owner, 0.8)])]
        named = [(name, mask) for name, mask in (("grass", GRASS), ("car", self.car)) if name in self.names]
        if task == "instance":
            return [self.proposal(mask, object_labels=[(name, 0.9)]) for name, mask in named]
        labels = np.zeros(SIZE, np.int32)
        for number, (_, mask) in enumerate(named, start=1):
            labels[mask] = number
        segments = [{"id": n, "name": name, "score": 1.0} for n, (name, _) in enumerate(named, start=1)]
        value = {"size": SIZE, "segments": [{**s, "mask": encode_rle(labels == s["id"])} for s in segments]}
        return Segmentation.from_json(value)

    @staticmethod
    def proposal(mask, **labels):
        return Proposal(id="k", model="1", score=0.5, stability=1, level=1, box=(0, 0, 1, 1), mask=mask, **labels)


def test_the_truth_of_whole_images(truth):
    first = truth.images[0]
    assert [(one.object, one.part, one.crowd) for one in first.instances] == [
        ("grass", None, False), ("car", None, False), ("car", "wheel", False), ("car", None, True),
    ]  # fmt: skip
    assert truth.stuff == {"grass"}
    assert (first.absent, truth.images[1].absent) == ({"bus"}, frozenset())
    drawn = object_map(first)
    named = {one.name: drawn.mask(one) for one in drawn.segments}
    # The smaller of two lies on top (car 1400 px, grass 1600 px); crowds and parts are nobody's.
    assert np.array_equal(named["car"], CAR)
    assert np.array_equal(named["grass"], GRASS & ~CAR)


def test_an_engine_that_knows_everything_is_perfect(truth):
    seen = []
    meter = measure_segmentation(Knowing(), truth, WORDS, lambda done, total: seen.append((done, total)))
    figures = segment_report(meter, rounds=5)
    for key in ("instance_ap", "part_ap", "part_name_ap", "panoptic_pq", "panoptic_sq", "panoptic_rq", "semantic_miou"):
        assert figures[key] == pytest.approx(100), key
        assert figures["ci95"][key] == [pytest.approx(100)] * 2
    assert figures["panoptic_by_name"] == figures["semantic_by_name"] == {"car": 100, "grass": 100}
    assert seen == [(1, 2), (2, 2)]
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_a_shifted_car_by_hand(truth):
    meter = measure_segmentation(Knowing(shift=8), truth, WORDS)
    figures = segment_report(meter, rounds=5)
    # The car is 40 px wide and 35 high. Shifted by 8: 32 of 48 columns are shared, IoU 2/3, so AP counts 4 of 10
    # thresholds (0.5 … 0.65) and grass all of them.
    assert figures["instance_ap"] == pytest.approx((100 + 40) / 2)
    # In the maps 8 columns of the car stand on nameless pixels (35 rows less the 5 of grass): they do not count.
    joint, union = 32 * 35, 40 * 35 + 8 * 5
    assert figures["panoptic_by_name"]["car"] == pytest.approx(100 * joint / union, abs=1e-3)
    assert figures["semantic_by_name"]["car"] == pytest.approx(100 * joint / union, abs=1e-3)
    between = compare_segmentation(meter, measure_segmentation(Knowing(), truth, WORDS), rounds=10)
    assert between["instance_ap"] == [pytest.approx(-30)] * 3
    assert between["part_ap"] == [0, 0, 0]


def test_a_missed_object_is_missed(truth):
    figures = segment_report(measure_segmentation(Knowing(names=("car",)), truth, WORDS), rounds=5)
    assert figures["panoptic_by_name"]["grass"] == figures["semantic_by_name"]["grass"] == 0
    assert (figures["panoptic_pq"], figures["semantic_miou"]) == (pytest.approx(50), pytest.approx(50))


def test_parts_of_another_object_count_by_their_bare_name_only(truth):
    figures = segment_report(measure_segmentation(Knowing(owner="grass"), truth, WORDS), rounds=5)
    assert (figures["part_ap"], figures["part_name_ap"]) == (0, pytest.approx(100))


def test_words_that_are_missing_are_not_asked(truth):
    figures = segment_report(measure_segmentation(Knowing(), truth, Vocabulary(parts=["wheel"])), rounds=5)
    assert "panoptic_pq" not in figures
    assert figures["part_ap"] == pytest.approx(100)
    figures = segment_report(measure_segmentation(Knowing(), truth, Vocabulary(objects=WORDS.objects)), rounds=5)
    assert (figures["part_ap"], figures["instance_ap"]) == (None, pytest.approx(100))


def test_wrong_images_and_cancelled_work(truth):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        measure_segmentation(Knowing(), truth, WORDS, cancel=token)
    Image.new("RGB", (30, 30)).save(truth.images[0].path)
    with pytest.raises(BadInput, match="30x30"):
        measure_segmentation(Knowing(), truth, WORDS)


def test_what_a_source_never_draws_is_not_held_against_an_engine(truth, tmp_path):
    content = json.loads((tmp_path / "coco.json").read_text())
    content["images"] = [
        {**image, "source": source} for image, source in zip(content["images"], ("roads", "lawns"), strict=True)
    ]
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] == 0 or one["category_id"] == 2]
    for image in content["images"]:
        del image["neg_category_ids"]
    (tmp_path / "merged.json").write_text(json.dumps(content))
    roads, lawns = read_truth(tmp_path / "merged.json", tmp_path, [tmp_path / "0.png", tmp_path / "1.png"]).images
    assert roads.absent == {"car", "car:wheel", "grass"}
    assert lawns.absent == {"grass"}, "nobody drew cars there, and there is one"
