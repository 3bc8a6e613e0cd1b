"""semsam evaluate, as a person calls it: several data sets, two models, prompts and none, and a page."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from semsam_annotate.api import BadInput, encode_rle
from semsam_annotate.cli.evaluating import dataset_names, is_rows
from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.generic import with_generic_branch


@pytest.fixture
def data(tmp_path):
    """Two folders a and b, each with val.json and one image: a red square with a green part on grey."""
    for folder, shade in (("a", 90), ("b", 150)):
        (tmp_path / folder).mkdir()
        pixels = np.full((60, 80, 3), shade, np.uint8)
        outer, inner = np.zeros((2, 60, 80), bool)
        outer[10:40, 10:50], inner[20:32, 20:34] = True, True
        pixels[outer], pixels[inner] = (200, 60, 60), (40, 200, 60)
        Image.fromarray(pixels).save(tmp_path / folder / "0.png")
        names = [{"id": 1, "name": "ball"}, {"id": 2, "name": "ball:hole", "supercategory": "PART"}]
        rows = [
            {"id": n, "image_id": 7, "category_id": n, "segmentation": encode_rle(mask), "iscrowd": 0}
            for n, mask in ((1, outer), (2, inner))
        ]
        image = {"id": 7, "file_name": "0.png", "height": 60, "width": 80}
        content = {"images": [image], "categories": names, "annotations": rows}
        (tmp_path / folder / "val.json").write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def generic(tmp_path):
    """The packaged weights with untrained generic queries that are not shy."""
    torch.manual_seed(0)
    network, card, _ = load_checkpoint(packaged_weights())
    grown = with_generic_branch(network, 6)
    grown.mask_decoder.generic_queries.empty.bias.data.fill_(-3.0)
    save_checkpoint(grown, replace(card, config=grown.config), tmp_path / "generic.safetensors")
    return tmp_path / "generic.safetensors"


def given(data, *folders):
    return [part for one in folders for part in ("--annotations", data / one / "val.json", "--images", data / one)]


def test_data_sets_are_measured_apart_and_together(semsam, data):
    out, rows = data / "out.json", data / "rows.json"
    options = ("--weights", "none", "--json", out, "--rows", rows)
    code, printed, complaint = semsam("evaluate", *given(data, "a", "b"), *options)
    assert code == 0, complaint
    figures = json.loads(out.read_text())
    assert (figures["n"], figures["images"]) == (4, 2)
    assert list(figures["by_dataset"]) == ["a/val", "b/val"]
    assert figures["max"] == pytest.approx(np.mean([one["max"] for one in figures["by_dataset"].values()]))
    assert "speed on cpu" in printed
    # Two files of rows need neither images nor weights.
    code, printed, complaint = semsam("evaluate", "--weights", rows, "--against", rows, "--json", out)
    assert code == 0, complaint
    again = json.loads(out.read_text())
    assert again["difference"]["max"] == [0, 0, 0]
    assert (again["max"], again["ci95"]) == (figures["max"], figures["ci95"])


def test_a_network_with_everything_against_other_weights(semsam, data, generic):
    out, page = data / "out.json", data / "page.html"
    options = ("--weights", generic, "--segment", "--prompt", "both", "--json", out, "--page", page)
    code, printed, complaint = semsam("evaluate", *given(data, "a"), *options, "--against", generic)
    assert code == 0, complaint
    figures = json.loads(out.read_text())
    for key in ("difference", "difference_box"):
        assert figures[key]["max"] == [0, 0, 0]
    facts = figures["segment"][""]
    assert facts["images"] == 1
    for key in ("panoptic_pq", "semantic_miou", "instance_ap", "part_ap", "part_name_ap"):
        assert 0 <= facts[key] <= 100
        assert figures["difference_segment"][""][key] == [0, 0, 0]
    assert {"n", "ece", "spearman", "bins"} <= figures["calibration"]["rungs"].keys()
    assert figures["box"]["n"] == 2
    assert "without prompts" in printed
    assert page.read_text().count("<img") == 6
    code, _, complaint = semsam(
        "evaluate", *given(data, "a"), "--weights", "none", "--json", out, "--against", "default"
    )
    assert code == 0, complaint
    assert json.loads(out.read_text())["against"]["engine"] == "semsam-tiny"


def test_bad_input_is_one_line(semsam, data):
    out = data / "out.json"
    rows = data / "rows.json"
    assert semsam("evaluate", *given(data, "a"), "--weights", "none", "--rows", rows, "--json", out)[0] == 0
    out.unlink()
    nowhere = data / "no" / "page.html"
    for wrong, word in (
        ((), "--annotations"),
        ((*given(data, "a"), "--images", data), "folders"),
        ((*given(data, "a", "a"), "--weights", "none"), "twice"),
        ((*given(data, "a"), "--weights", "none", "--segment"), "generic branch"),
        ((*given(data, "a"), "--weights", "none", "--prompt", "box"), "box"),
        ((*given(data, "a"), "--weights", "none", "--page", nowhere), "page.html"),
        ((*given(data, "a"), "--weights", rows, "--segment"), "rows"),
        ((*given(data, "a"), "--weights", "none", "--against", data / "gone.json"), "gone.json"),
        ((*given(data, "b"), "--weights", "none", "--masks-limit", 1, "--against", rows), "different masks"),
    ):
        code, _, complaint = semsam("evaluate", *wrong, "--json", out)
        assert code == 2, wrong
        assert len(complaint.strip().splitlines()) == 1, complaint
        assert word in complaint
    assert not out.exists()


def test_names_of_data_sets(tmp_path):
    assert dataset_names([tmp_path / "a" / "val.json"]) == [""]
    assert dataset_names([tmp_path / "a.json", tmp_path / "b.json"]) == ["a", "b"]
    paths = [tmp_path / "x" / "y" / "v.json", tmp_path / "z" / "y" / "v.json"]
    assert dataset_names(paths) == ["x/y/v", "z/y/v"]
    with pytest.raises(BadInput, match="twice"):
        dataset_names([paths[0], paths[0]])


def test_what_is_a_file_of_rows(tmp_path):
    (tmp_path / "rows").write_text("{}")
    (tmp_path / "model").write_bytes(b"\x80")
    assert is_rows(str(tmp_path / "rows"))
    assert is_rows("x.json")
    for weights in ("default", "none", "http://host/x.json", "x.safetensors", str(tmp_path / "model"), str(tmp_path)):
        assert not is_rows(weights)
