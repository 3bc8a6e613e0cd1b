"""Settings from TOML, schedules, and the draw of a step."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from semsam_annotate.api import BadInput
from semsam_annotate.model.presets import preset
from semsam_annotate.training.config import DataConfig, ScheduleConfig, TrainConfig, config_from_json, read_config
from semsam_annotate.training.sampler import Sampler, crop_size
from semsam_annotate.training.schedule import learning_rate

RECIPES = sorted((Path(__file__).resolve().parents[2] / "training" / "recipes").glob("*.toml"))
SCENES = TrainConfig(
    data=DataConfig(scenes=1.0), schedule=ScheduleConfig(size=64, final_size=96, final_share=0.5, steps=10, batch=2)
)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_parse(path):
    config = read_config(path, packs=["train.pack"])
    assert config.data.packs == ("train.pack",)
    if config.model != "default" and not config.model.endswith(".safetensors"):
        preset(config.model)
    assert config_from_json(json.loads(json.dumps(config.to_json()))) == config


def test_there_is_a_recipe():
    assert RECIPES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sead = 1", "unknown setting sead, did you mean seed"),
        ("[schedule]\nwarm_up = 3", "unknown setting schedule.warm_up, did you mean schedule.warmup"),
        ("[criterion.weights]\ndise = 3", "did you mean criterion.weights.dice"),
        ("[schedule]\nsteps = 1.5", "schedule.steps is a int, not 1.5"),
        ("seed = true", "seed is a int, not True"),
        ("schedule = 3", "schedule is a table"),
        ("seed = ", "not valid TOML"),
        ("[data]\nscenes = 0.5", "data.packs is empty"),
        ("[data]\nscenes = 1.5", "share from 0 to 1"),
        ("[data]\nscenes = 1.0\n[schedule]\nsize = 100", "multiples of 32"),
        ("[data]\nscenes = 1.0\n[prompts]\ncount = 3\ncorrections = 3", "less than prompts.count"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        read_config(path)


def test_missing_file(tmp_path):
    with pytest.raises(BadInput, match="there is no configuration"):
        read_config(tmp_path / "run.toml")


def test_whole_numbers_are_shares_too(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[data]\nscenes = 1")
    assert read_config(path).data.scenes == 1.0


def test_learning_rate():
    schedule = ScheduleConfig(steps=100, warmup=10, decay=0.4, lr=1.0)
    rates = [learning_rate(schedule, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:60] == [1.0] * 51
    assert rates[60:] == sorted(rates[60:], reverse=True)
    assert 0 <= rates[-1] < 0.01


def test_draws_depend_on_seed_and_step_alone():
    first, second = Sampler(SCENES), Sampler(SCENES)
    second.draw(0)
    for one, other in zip(first.draw(3), second.draw(3), strict=True):
        np.testing.assert_array_equal(one.sample.image, other.sample.image)
        np.testing.assert_array_equal(one.sample.masks, other.sample.masks)
        np.testing.assert_array_equal(one.points, other.points)
        np.testing.assert_array_equal(one.meant, other.meant)
    assert not np.array_equal(first.draw(3)[0].sample.image, first.draw(4)[0].sample.image)


def test_draws_are_questions_about_their_image():
    for question in Sampler(SCENES).draw(1):
        assert len(question.meant) == SCENES.prompts.count
        masks = question.sample.masks
        for index, (x, y), box in zip(question.meant, question.points, question.boxes, strict=True):
            assert not np.isnan(box).any() or masks[index, int(y), int(x)]


def test_crops_grow_at_the_end():
    assert [crop_size(SCENES, step) for step in (0, 4, 5, 9)] == [64, 64, 96, 96]
    torch.manual_seed(0)
    assert Sampler(SCENES).draw(9)[0].sample.image.shape == (96, 96, 3)
