"""Every shipped recipe parses, makes its network at full size and takes a step; sets train the right branches."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.api import BadInput
from semsam_annotate.training.batch import collate
from semsam_annotate.training.config import (
    RECIPES,
    DataConfig,
    SetConfig,
    TrainConfig,
    WatchConfig,
    config_from_json,
    read_config,
)
from semsam_annotate.training.generic import named_targets
from semsam_annotate.training.loop import open_run, train
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.parallel import World
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.starting import build_learner, starting_network

PATHS = sorted(RECIPES.glob("*.toml"))
NAMES = [path.stem for path in PATHS]
SEVEN = {"sa-1b", "coco-panoptic", "ade20k-panoptic", "pascal-part", "paco", "partimagenet", "objects365"}


def recipe(name: str) -> TrainConfig:
    return read_config(RECIPES / f"{name}.toml", packs=["train.pack"])


@pytest.mark.parametrize("name", NAMES)
def test_recipes_parse_and_round_trip(name):
    config = recipe(name)
    assert config.data.packs == ("train.pack",)
    assert config_from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize("name", [name for name in NAMES if recipe(name).model.startswith(("swin", "semsam-tiny"))])
def test_recipes_make_their_network(name):
    config = recipe(name)
    with torch.device("meta"):
        network = starting_network(config)
    assert (network.mask_decoder.generic_queries is not None) == (config.generic.queries > 0)
    assert network.text_tower is not None or not config.generic.queries, "names need a text tower"


@pytest.mark.parametrize("name", NAMES)
def test_recipes_take_a_step(name, tiny_weights, pack_of, tmp_path):
    config = recipe(name)
    small = replace(
        config,
        model=str(tiny_weights),
        text_tower="own",
        workers=0,
        threads=1,
        input_side=0,
        watch=WatchConfig(),
        data=replace(config.data, packs=(str(pack_of(*(config.data.sets or ["photos"]))),), scenes=0.0),
        prompts=replace(config.prompts, count=2, corrections=min(config.prompts.corrections, 1)),
        generic=replace(config.generic, queries=min(config.generic.queries, 4)),
        schedule=replace(config.schedule, steps=1, batch=2, size=64, final_size=0),
        criterion=replace(config.criterion, points=64),
    )
    assert train(small, tmp_path).exists()
    (row,) = RunFolder(tmp_path, small).metrics()
    assert np.isfinite(list(row.values())).all()
    assert row["total"] > 0


def test_what_is_shipped():
    assert set(NAMES) >= {"joint-swin-t", "joint-swin-l", "sa1b", "sam-reproduction", "generic", "part", "fine-tune"}
    for name in ("joint-swin-t", "joint-swin-l"):
        assert set(recipe(name).data.sets) == SEVEN
    tiny, large = recipe("joint-swin-t"), recipe("joint-swin-l")
    assert replace(large, model=tiny.model, parallel=tiny.parallel) == tiny


def two_sets(pack_of, **photos) -> TrainConfig:
    sets = {"photos": SetConfig(**photos), "drawings": SetConfig(share=0.0)}
    return TrainConfig(
        workers=0,
        bf16=False,
        data=DataConfig(packs=(str(pack_of("photos", "drawings")),), scenes=0.0, sets=sets),
        prompts=recipe("semsam-tiny").prompts,
        generic=replace(TrainConfig(data=DataConfig(scenes=1.0)).generic, queries=4),
        schedule=replace(recipe("semsam-tiny").schedule, steps=1, batch=3, size=64, final_size=0),
    )


def test_shares_are_kept_and_unknown_sets_named(pack_of):
    config = two_sets(pack_of)
    drawn = [one.origin for step in range(4) for one in Sampler(config).draw(step)]
    assert all(origin.startswith("photos/") for origin in drawn)
    sets = {"photos": SetConfig(share=3.0), "drawings": SetConfig(share=1.0)}
    shelves = Sampler(replace(config, data=replace(config.data, sets=sets))).shelves
    assert {one.source: one.share for one in shelves} == pytest.approx({"photos": 3 / 4, "drawings": 1 / 4})
    with pytest.raises(BadInput, match=r"data\.sets\.foto: no pack has images.*drawings, photos"):
        Sampler(replace(config, data=replace(config.data, sets={"foto": SetConfig()})))


@pytest.mark.parametrize(
    ("settings", "asked", "searched"),
    [
        ({}, True, True),
        ({"generic": False}, True, False),
        ({"prompted": False}, False, True),
    ],
)
def test_a_set_trains_the_branches_it_should(pack_of, tiny_weights, tmp_path, settings, asked, searched):
    config = replace(two_sets(pack_of, **settings), model=str(tiny_weights), threads=1)
    world = World(torch.device("cpu"))
    learner = build_learner(config, open_run(config, tmp_path, world), world)
    questions = Sampler(config).draw(0)
    targets = collate(questions, NameIndex.count(one.sample for one in questions), 0.1).targets
    assert bool((targets.candidates >= 0).any()) is bool((targets.clicked >= 0).any()) is asked
    assert any(len(rows) for rows in named_targets(targets, True)) is searched
    losses = learner.learn(0, questions).losses
    assert all((losses[f"{name}_1"] > 0) is asked for name in ("bce", "dice", "box", "clicked_iou"))
    assert all((losses[f"generic_{name}_1"] > 0) is searched for name in ("box", "object_class", "bce", "dice"))
