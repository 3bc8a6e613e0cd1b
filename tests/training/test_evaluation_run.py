"""The whole way: a COCO file, its sample, an engine, the command."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput, Embedding, EngineInfo, Ladder, Proposal, encode_rle
from semsam_annotate.cli import main
from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.evaluation import (
    WeightsFreeEngine,
    compare,
    evaluate,
    read_result,
    read_sample,
    summarize,
)
from semsam_annotate.training.evaluation.run import evaluate_image

REFERENCE = os.environ.get("SEMSAM_REFERENCE")


class TruthEngine:
    """Knows the masks: answers a click with every mask under it, so all figures must be perfect."""

    info = EngineInfo("truth", "1", "cpu", 0, ())

    def __init__(self, sample):
        self.masks = [[truth.mask() for truth in image.truths] for image in sample.images]
        self.encoded = 0

    def encode(self, image, cancel=None):
        self.encoded += 1
        return Embedding(str(int(image[0, 0, 0])), image.shape[:2], "1")

    def propose_many(self, embedding, prompts, vocabulary=None):
        return [self.ladder(int(embedding.key), prompt.points[0]) for prompt in prompts]

    def ladder(self, number, point):
        x, y = (int(value) for value in point)
        under = [mask for mask in self.masks[number] if mask[y, x]]
        return Ladder([self.proposal(mask) for mask in under])

    @staticmethod
    def proposal(mask):
        score = 1 - mask.sum() / mask.size
        return Proposal(id="t", model="t", score=score, stability=1, level=1, box=(0, 0, 1, 1), mask=mask)


@pytest.fixture
def coco(tmp_path):
    """Three images of 60 x 80: a square with a smaller one inside, a tiny mask, and a crowd; one image has no mask."""
    (tmp_path / "images").mkdir()
    content = {
        "images": [{"id": n, "file_name": f"some/where/{n}.png", "height": 60, "width": 80} for n in range(4)],
        "categories": [
            {"id": 1, "name": "car"},
            {"id": 2, "name": "car:wheel", "supercategory": "PART"},
            {"id": 3, "name": "person/hat", "kind": "part"},
        ],
        "annotations": [],
    }
    for n in range(4):
        pixels = np.full((60, 80, 3), 90, np.uint8)
        pixels[10:40, 10:50] = (200, 60, 60)
        pixels[20:32, 20:34] = (40, 200, 60)
        pixels[0, 0] = n
        Image.fromarray(pixels).save(tmp_path / "images" / f"{n}.png")
        if n == 3:
            continue
        outer, inner, tiny = (np.zeros((60, 80), bool) for _ in range(3))
        outer[10:40, 10:50], inner[20:32, 20:34], tiny[50:59, 60:70] = True, True, True
        polygon = [[10, 10, 50, 10, 50, 40, 10, 40]]
        rows = [(1, polygon, 0), (2, encode_rle(inner), 0), (1, encode_rle(tiny), 0), (1, encode_rle(outer), 1)]
        for category, segmentation, crowd in rows:
            content["annotations"].append(
                {
                    "id": len(content["annotations"]) + 1,
                    "image_id": n,
                    "category_id": category,
                    "segmentation": segmentation,
                    "iscrowd": crowd,
                }
            )
    return write(tmp_path, content), tmp_path / "images"


def write(folder, content):
    path = folder / "coco.json"
    path.write_text(json.dumps(content))
    return path


def change(path, **values):
    return write(path.parent, {**json.loads(path.read_text()), **values})


def test_sample_leaves_out_tiny_masks_and_crowds(coco):
    sample = read_sample(*coco)
    assert [len(image.truths) for image in sample.images] == [2, 2, 2]
    assert len(sample) == 6
    assert [truth.is_part for truth in sample.images[0].truths] == [False, True]
    assert (sample.images[0].truths[1].object, sample.images[0].truths[1].part) == ("car", "wheel")
    assert (sample.vocabulary.objects, sample.vocabulary.parts) == (("car", "person"), ("hat", "wheel"))


def test_sample_follows_the_generator_as_written_down(coco):
    sample = read_sample(*coco, images_limit=2, masks_limit=1, seed=5)
    rng = np.random.default_rng(5)
    drawn = sorted(rng.permutation(3)[:2])
    assert [image.name for image in sample.images] == [f"{index}.png" for index in drawn]
    assert [image.chosen for image in sample.images] == [(rng.permutation(2)[0],) for _ in drawn]


def test_an_engine_that_knows_the_masks_is_perfect(coco):
    sample = read_sample(*coco)
    engine = TruthEngine(sample)
    result = evaluate(engine, sample, clicks=2)
    figures = summarize(result, rounds=20)
    assert engine.encoded == 3
    # The click on the outer square lies in the inner one too (both have their centres near), so G holds both.
    assert figures["oracle"] == figures["all"] == 100
    assert figures["ci95"]["oracle"] == [100, 100]
    assert {row.click for row in result.rows} == {
        innermost(truth.mask()) for image in sample.images for truth in image.truths
    }
    assert figures["max_click2"] is not None


def test_progress_counts_and_can_stop(coco):
    sample = read_sample(*coco)
    seen = []
    evaluate(TruthEngine(sample), sample, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 6), (4, 6), (6, 6)]

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(TruthEngine(sample), sample, progress=stop)


def test_weights_free_ladder_of_flat_colours_by_hand(coco):
    sample = read_sample(*coco)
    rows, _ = evaluate_image(WeightsFreeEngine(), sample.images[0], sample.vocabulary)
    # The square of 40 x 30 is a rung; that of 14 x 12 comes with the one-pixel seam that sigma 0.8 blurs: 168 / 224.
    assert {row.is_part: row.oracle for row in rows} == {False: 1.0, True: 0.75}
    assert all(row.object_rank is None for row in rows)


def test_bad_files_are_named(coco):
    path, images = coco
    content = json.loads(path.read_text())
    (images / "0.png").unlink()
    (images / "1.png").unlink()
    with pytest.raises(BadInput, match="2 of 3 images are missing"):
        read_sample(path, images)
    broken = [{**content["annotations"][0], "segmentation": [[1, 1, 2, 2]]}]
    with pytest.raises(BadInput, match="polygon"):
        read_sample(change(path, annotations=broken), images)
    with pytest.raises(BadInput, match="category"):
        read_sample(change(path, annotations=[{**content["annotations"][0], "category_id": 99}]), images)
    with pytest.raises(BadInput, match="nothing to evaluate"):
        read_sample(change(path, annotations=[]), images)
    with pytest.raises(BadInput, match="not COCO"):
        read_sample(change(path, annotations=[{"id": 3}]), images)
    with pytest.raises(BadInput, match="at least 1"):
        read_sample(path, images, images_limit=0)


def test_damaged_runs_are_named(coco):
    path, images = coco
    annotation = json.loads(path.read_text())["annotations"][0]
    damaged = {"size": [60, 80], "counts": encode_rle(np.ones((60, 70), bool))["counts"]}
    with pytest.raises(BadInput, match="annotation 1: run lengths"):
        read_sample(change(path, annotations=[{**annotation, "segmentation": damaged}]), images)


def test_an_image_of_another_size_is_refused(coco):
    path, images = coco
    Image.new("RGB", (30, 30)).save(images / "0.png")
    sample = read_sample(path, images)
    with pytest.raises(BadInput, match="30x30"):
        evaluate(WeightsFreeEngine(), sample)


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs ``semsam evaluate`` as the program does; gives (exit code, output, errors)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["semsam", "evaluate", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


def test_the_command_writes_figures_and_compares(coco, tmp_path, command):
    path, images = coco
    given = ["--annotations", path, "--images", images, "--weights", "none"]
    out, rows = tmp_path / "out.json", tmp_path / "rows.json"
    code, printed, errors = command(*given, "--json", out, "--rows", rows, "--clicks", 2)
    assert code == 0, errors
    figures = json.loads(out.read_text())
    assert figures["n"] == 6
    assert figures["engine"] == "none"
    assert "oracle" in printed
    saved = read_result(rows)
    assert compare(saved, saved, rounds=10)["max"] == [0, 0, 0]
    code, printed, errors = command(*given, "--json", out, "--against", rows)
    assert code == 0, errors
    assert "minus none" in printed
    assert json.loads(out.read_text())["difference"]["oracle"] == [0, 0, 0]
    assert not list(tmp_path.glob(".*part"))


def test_the_command_answers_bad_input_in_one_line(coco, tmp_path, command):
    path, images = coco
    out = tmp_path / "out.json"
    damaged = tmp_path / "damaged.json"
    damaged.write_text("{")
    for given in (
        ["--annotations", damaged, "--images", images, "--json", out],
        ["--annotations", tmp_path / "none.json", "--images", images, "--json", out],
        ["--annotations", path, "--images", tmp_path / "nowhere", "--json", out],
        ["--annotations", path, "--images", images, "--json", tmp_path / "no" / "where.json"],
        ["--annotations", path, "--images", images, "--json", out, "--against", damaged],
    ):
        code, _, errors = command(*given, "--weights", "none")
        assert code == 2, given
        assert len(errors.strip().splitlines()) == 1, errors
    assert not out.exists()


@pytest.mark.skipif(REFERENCE is None, reason="needs the data folder in $SEMSAM_REFERENCE")
def test_reference_photos_give_the_recorded_figures():
    """Three images of parts/val, seed 0: the figures of a second, brute-force script over whole masks."""
    root = Path(REFERENCE) / "data" / "parts"
    sample = read_sample(root / "val.json", root, images_limit=3, masks_limit=5, seed=0)
    figures = summarize(evaluate(WeightsFreeEngine(), sample), rounds=20)
    assert [round(figures[key], 1) for key in ("max", "oracle", "all")] == [29.3, 62.3, 69.6]
