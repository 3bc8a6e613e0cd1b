"""semsam segment, as a person calls it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from semsam_annotate.api import Proposal, Segmentation
from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.generic import with_generic_branch

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def generic(tmp_path: Path) -> Path:
    """The packaged weights with generic queries, none of them shy."""
    torch.manual_seed(0)
    network, card, _ = load_checkpoint(packaged_weights())
    grown = with_generic_branch(network, 6)
    grown.mask_decoder.generic_queries.empty.bias.data.fill_(-3.0)
    card = replace(card, config=grown.config)
    save_checkpoint(grown, card, tmp_path / "generic.safetensors")
    return tmp_path / "generic.safetensors"


@pytest.mark.parametrize("task", ["instance", "parts", "semantic", "panoptic"])
def test_tasks_as_json_file_and_picture(semsam, photo, generic, tmp_path, task):
    names = ("--objects", "ball,wall", "--parts", "hole")
    files = ("--out", tmp_path / "found.json", "--picture", tmp_path / "found.png")
    code, out, _ = semsam("segment", photo, "--task", task, *names, "--weights", generic, "--json", *files)
    assert code == 0
    answer = json.loads(out)
    assert answer == json.loads((tmp_path / "found.json").read_text())
    assert (answer["width"], answer["height"], answer["task"]) == (120, 90, task)
    if task in ("instance", "parts"):
        found = [Proposal.from_json(item) for item in answer["proposals"]]
        assert found
        assert all(one.mask.shape == (90, 120) for one in found)
    else:
        assert Segmentation.from_json(answer["segmentation"]).labels.shape == (90, 120)
    assert Image.open(tmp_path / "found.png").size == (120, 90)


def test_a_table_for_people(semsam, photo, generic):
    code, out, _ = semsam("segment", photo, "--objects", "ball", "--weights", generic, "--least", "0")
    assert code == 0
    assert out.split()[:3] == ["name", "score", "pixels"]
    assert "ball" in out
    code, sure, _ = semsam("segment", photo, "--objects", "ball", "--weights", generic, "--least", "1")
    assert code == 0
    assert sure.split() == ["name", "score", "pixels"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "everything", "--objects", "a"], "a task is one of instance, semantic, panoptic, parts"),
        (["--task", "parts", "--objects", "a"], "needs part names"),
        (["--objects", "a", "--out", "/nowhere/x.json"], "cannot write"),
    ],
)
def test_bad_requests_are_named(semsam, photo, generic, arguments, message):
    code, out, err = semsam("segment", photo, "--weights", generic, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
