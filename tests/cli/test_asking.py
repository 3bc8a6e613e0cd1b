"""semsam click, auto, models and bench, as a person calls them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from semsam_annotate.api import Ladder, Tree
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a class and one further version of the packaged model."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.model.registry import ModelRegistry

    with Project.create(tmp_path / "project") as made:
        made.add_classes(["car"], [("car", "wheel")])
        network, card, _ = load_checkpoint(packaged_weights())
        network.mask_decoder.mask_tokens.weight.data.mul_(2)
        weights = tmp_path / "other.safetensors"
        save_checkpoint(network, CheckpointCard(card.config, card.levels, card.objects, card.parts), weights)
        ModelRegistry(made.models, packaged_weights()).add(weights, {"run": "a test"})
    return tmp_path / "project"


def test_click_prints_the_ladder(semsam, photo):
    code, out, _ = semsam("click", photo, "--point", "60,45", "--objects", "ball, button", "--parts", "hole")
    assert code == 0
    lines = [line for line in out.splitlines() if line.strip()]
    assert lines[0].split()[:4] == ["rung", "level", "score", "stability"]
    assert 2 <= len(lines) <= 7
    assert sum("*" in line for line in lines) == 1
    assert "ball" in out or "button" in out


def test_click_as_json_and_picture(semsam, photo, tmp_path):
    arguments = (
        "--point",
        "60,45",
        "--negative",
        "60,20",
        "--box",
        "25,10,95,80",
        "--json",
        "--out",
        tmp_path / "x.png",
    )
    code, out, _ = semsam("click", photo, *arguments)
    assert code == 0
    answer = json.loads(out)
    assert (answer["width"], answer["height"]) == (120, 90)
    assert answer["prompt"] == {"points": [[60, 45], [60, 20]], "labels": [1, 0], "box": [25, 10, 95, 80]}
    assert all(rung.mask.shape == (90, 120) for rung in Ladder.from_json(answer["ladder"]))
    assert Image.open(tmp_path / "x.png").size[0] > 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--point", "120,5"], "click (120, 5) is outside the image of 120x90"),
        (["--point", "-3,5"], "outside the image"),
        (["--point", "5"], "a point is X,Y in pixels, such as 120,80, not '5'"),
        (["--point", "a,b"], "a point is X,Y"),
        (["--box", "1,2,3"], "a box is X0,Y0,X1,Y1"),
        (["--box", "9,9,3,3"], "a box needs x0 < x1"),
        (["--negative", "5,5"], "at least one positive point or a box"),
        ([], "at least one positive point or a box"),
        (["--scribble", "1,1 2"], "a stroke's point is X,Y"),
        (["--scribble", "1,1 200,2"], "stroke point (200, 2) is outside"),
        (["--mask", "gone.png"], "gone.png"),
        (["--text", " "], "phrase"),
        (["--point", "5,5", "--objects", "car,car"], "come twice: car"),
        (["--point", "5,5", "--objects", ""], "non-empty"),
        (["--point", "5,5", "--weights", "no.safetensors"], "no weights at no.safetensors"),
        (["--point", "5,5", "--weights", "x", "--project", "y"], "not both"),
        (["--point", "5,5", "--project", "nowhere"], "nowhere"),
    ],
)
def test_click_names_mistakes(semsam, photo, arguments, message):
    code, out, err = semsam("click", photo, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_failed_picture_prints_nothing_half(semsam, photo, tmp_path):
    code, out, err = semsam("click", photo, "--point", "5,5", "--out", tmp_path / "missing" / "x.png")
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1


def test_auto_of_an_image(semsam, photo, tmp_path):
    code, out, _ = semsam("auto", photo, "--out", tmp_path / "all.json", "--objects", "ball")
    assert code == 0
    content = json.loads((tmp_path / "all.json").read_text())
    (image,) = content["images"]
    assert (image["file"], image["width"], image["height"]) == ("disc.png", 120, 90)
    tree = Tree.from_json(image["nodes"])
    assert len(tree) >= 1
    assert all(node.proposal.mask.shape == (90, 120) for node in tree)
    assert f"{len(tree)} masks in 1 image" in out


def test_auto_of_a_stack_of_sixteen_bits(semsam, tmp_path):
    stack = np.zeros((3, 60, 80), np.uint16)
    stack[1, 20:40, 30:60] = 3000
    stack[2] = np.arange(4800).reshape(60, 80)
    tifffile.imwrite(tmp_path / "stack.tif", stack, metadata={"axes": "ZYX"}, photometric="minisblack")
    options = ("--clicks", "4", "--levels", "1,2", "--percentiles", "0,100")
    assert semsam("auto", tmp_path / "stack.tif", "--out", tmp_path / "all.json", *options)[0] == 0
    images = json.loads((tmp_path / "all.json").read_text())["images"]
    assert [image["plane"] for image in images] == [[0], [1], [2]]
    assert [image["conversion"]["limits"] for image in images] == [[[0, 0]], [[0, 3000]], [[0, 4799]]]
    assert {image["conversion"]["dtype"] for image in images} == {"uint16"}
    for image in images:
        tree = Tree.from_json(image["nodes"])
        assert {node.proposal.level for node in tree} <= {1, 2}
        assert all(node.proposal.mask.shape == (60, 80) for node in tree)


def test_auto_tiles_what_is_large(semsam, tmp_path):
    large = np.zeros((5, 300, 400), np.uint16)  # five channels
    large[2, 100:200, 50:350] = 900
    tifffile.imwrite(tmp_path / "large.tif", large, metadata={"axes": "CYX"}, photometric="minisblack")
    options = ("--clicks", "4", "--channels", "2", "--tile", "256", "--tile-above", "350")
    assert semsam("auto", tmp_path / "large.tif", "--out", tmp_path / "all.json", *options)[0] == 0
    (image,) = json.loads((tmp_path / "all.json").read_text())["images"]
    assert (image["width"], image["height"], image["tile"], image["plane"]) == (400, 300, 256, [])
    assert image["conversion"]["channels"] == [2]
    assert all(node.proposal.mask.shape == (300, 400) for node in Tree.from_json(image["nodes"]))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--levels", "7", "levels are chosen from 1"),
        ("--levels", "a", "--levels takes numbers"),
        ("--channels", "5", "channels 0 to 2, not 5"),
        ("--percentiles", "9", "--percentiles takes two"),
        ("--percentiles", "9,3", "percentiles are two numbers"),
        ("--clicks", "0", "side is a whole number"),
        ("--tile", "3", "a tile has a side"),
    ],
)
def test_auto_names_wrong_options(semsam, photo, tmp_path, option, value, message):
    code, _, err = semsam("auto", photo, "--out", tmp_path / "out.json", option, value)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out.json").exists()


def test_auto_of_a_folder_tells_what_it_skipped(semsam, photo, tmp_path):
    (photo.parent / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    (photo.parent / "notes.txt").write_text("not an image")
    code, _, err = semsam("auto", photo.parent, "--out", tmp_path / "all.json")
    assert code == 1
    content = json.loads((tmp_path / "all.json").read_text())
    assert [image["file"] for image in content["images"]] == ["disc.png"]
    assert [item["file"] for item in content["skipped"]] == ["torn.jpg"]
    assert "torn.jpg" in err


def test_auto_names_mistakes_and_writes_nothing(semsam, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.png").write_bytes(b"torn")
    for source, message in (("empty", "no images in"), ("torn.png", "torn.png"), ("gone.png", "gone.png")):
        code, _, err = semsam("auto", tmp_path / source, "--out", tmp_path / "out.json")
        assert code == 2
        assert message in err
        assert not (tmp_path / "out.json").exists()
    code, _, err = semsam("auto", tmp_path / "torn.png", "--out", tmp_path / "no" / "out.json")
    assert code == 2
    assert "cannot write" in err


def test_models(semsam, project, photo):
    rows = json.loads(semsam("models", "list", "--project", project, "--json")[1])
    assert [row["version"] == "packaged" for row in rows] == [True, False]
    assert rows[0]["active"]
    version = rows[1]["version"]
    with pytest.MonkeyPatch.context() as here:
        here.chdir(project)  # --project is the current folder when left out
        assert json.loads(semsam("models", "promote", version, "--json")[1]) == {"active": version}
        assert f"* {version}" in semsam("models", "list")[1]
    shown = json.loads(semsam("models", "info", "--project", project, "--json")[1])
    assert shown["version"] == version
    code, out, _ = semsam("click", photo, "--point", "60,45", "--project", project, "--json")
    assert code == 0
    ladder = Ladder.from_json(json.loads(out)["ladder"])
    assert {rung.model for rung in ladder} == {version}
    assert [name for name, _ in ladder[0].object_labels] == ["car"]  # the project's own words
    assert "active: packaged" in semsam("models", "rollback", "--project", project)[1]
    code, _, err = semsam("models", "rollback", "--project", project)
    assert code == 2
    assert "no earlier model" in err


def test_models_info_of_a_file(semsam):
    code, out, _ = semsam("models", "info", packaged_weights())
    assert code == 0
    assert "semsam-tiny" in out
    assert "parameters" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--project", "nowhere"], "project.toml is missing"),
        (["info", "gone.safetensors"], "no weights at gone.safetensors"),
        (["info", "./model.pkl"], "never opened"),
    ],
)
def test_models_names_mistakes(semsam, arguments, message):
    code, _, err = semsam("models", *arguments)
    assert code == 2
    assert message in err


def test_models_unknown_version(semsam, project):
    code, _, err = semsam("models", "promote", "v9", "--project", project)
    assert code == 2
    assert "known are packaged" in err


def test_bench(semsam):
    code, out, _ = semsam("bench", "--repeats", "1", "--json", "--device", "cpu")
    assert code == 0
    told = json.loads(out)
    times = told["times"]
    assert told["others"] == {}
    assert {"system", "cores", "python", "torch", "threads", "semsam"} <= set(told["machine"])
    assert set(times) == {"encode", "first click", "warm click", "32 clicks at once", "auto"}
    assert times["encode"]["encodes"] == 1
    assert all(0 < row["fastest"] <= row["ms"] <= row["slowest"] for row in times.values())
