"""Fitting the ranker: it learns what the samples say, and a checkpoint carries it."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.config import RankerConfig
from semsam_annotate.model.engine.opening import open_engine, packaged_weights
from semsam_annotate.model.ranking import feature_count
from semsam_annotate.training.data.pack import Pack, write_pack
from semsam_annotate.training.loop import train
from semsam_annotate.training.ranking import FitSettings, GatherSettings, Samples, fitted, gather
from semsam_annotate.training.ranking.gather import draw
from semsam_annotate.training.ranking.weights import rank_weights
from semsam_annotate.training.scenes import generate

from .conftest import Entry

CONFIG = RankerConfig(hidden=8, scales=((80, 40),))
COUNT = feature_count(6, 1)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A pack of six scenes."""
    path = tmp_path_factory.mktemp("pack") / "scenes.pack"
    write_pack([Entry(generate(seed, 128, "base"), "ab"[seed % 2]) for seed in range(6)], path)
    return Pack(path)


def samples(count=400, seed=0):
    """The true IoU follows one feature and nothing else."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 7, COUNT)).astype(np.float32) * 50 + 10
    ious = 1 / (1 + np.exp(-(features[..., 9] - 10) / 50))
    return Samples(features, np.stack([ious, 1 - ious], -1).astype(np.float32))


def test_the_ranker_learns_what_tells_the_meant_rung():
    ranker = fitted(samples(), CONFIG, 6, FitSettings(steps=200))
    fresh = samples(seed=1)
    found = ranker(torch.from_numpy(fresh.features)).numpy()
    assert np.mean(found[..., 0].argmax(1) == fresh.ious[..., 0].argmax(1)) > 0.8
    assert np.abs(found - fresh.ious).mean() < 0.05


def test_the_same_seed_gives_the_same_ranker():
    first, second = (fitted(samples(50), CONFIG, 6, FitSettings(steps=5)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first.parameters(), second.parameters(), strict=True))


def test_draws_favour_small_sources(scenes):
    drawn = draw(scenes, 6, np.random.default_rng(0))
    assert sorted(drawn) == list(range(6))
    assert draw(scenes, 99, np.random.default_rng(0)) == draw(scenes, 6, np.random.default_rng(0))


def test_weights_get_a_ranker_that_ranks_no_worse(scenes, tmp_path):
    out, settings = tmp_path / "ranked.safetensors", GatherSettings(images=6, masks=4)
    version = rank_weights(packaged_weights(), scenes, out, settings)
    network, card, found = load_checkpoint(out)
    assert version == found
    assert card.trained["ranker"]["pack"] == scenes.sha256()
    engine = open_engine(str(out), "cpu")
    told = gather(engine, scenes, settings)
    assert np.isfinite(told.features).all()
    assert told.ious.min() >= 0
    assert told.ious.max() <= 1
    rows = np.arange(len(told.ious))
    before = told.ious[rows, told.features[:, :6, 1].argmax(1), 0].mean()
    chosen = network.ranker(torch.from_numpy(told.features))[..., 0].argmax(1).numpy()
    after = told.ious[rows, chosen, 0].mean()
    assert after >= before - 0.01


def test_training_leaves_the_ranker_alone(scenes, tiny_run, tiny_weights, tmp_path):
    rank_weights(tiny_weights, scenes, tmp_path / "ranked.safetensors", GatherSettings(images=2, masks=2))
    before = load_checkpoint(tmp_path / "ranked.safetensors")[0].ranker.state_dict()
    config = replace(tiny_run, model=str(tmp_path / "ranked.safetensors"))
    after = load_checkpoint(train(config, tmp_path / "run"))[0].ranker.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("pack", "out", "message"),
    [("missing.pack", "ranked.safetensors", "there is no pack"), ("tiny", "no/ranked.safetensors", "does not exist")],
)
def test_bad_input_is_one_line(pack_of, tiny_weights, tmp_path, pack, out, message):
    given = ["--weights", tiny_weights, "--pack", pack_of("photos") if pack == "tiny" else tmp_path / pack]
    command = [sys.executable, "-m", "semsam_annotate.training.ranking.weights", *given, "--out", tmp_path / out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
