"""Settings from TOML, schedules, and the draw of a step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.api import BadInput
from semsam_annotate.training.config import DataConfig, ScheduleConfig, TrainConfig, read_config
from semsam_annotate.training.loop import train
from semsam_annotate.training.sampler import Sampler, crop_size
from semsam_annotate.training.schedule import learning_rate

SCENES = TrainConfig(
    data=DataConfig(scenes=1.0), schedule=ScheduleConfig(size=64, final_size=96, final_share=0.5, steps=10, batch=2)
)


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
        ("[parallel]\nmethod = 'dpp'", "parallel.method is 'ddp' or 'fsdp', not 'dpp'"),
        ("[guard]\nactoin = 'skip'", "did you mean guard.action"),
        ("[data]\nscenes = 1.0\n[data.sets]\ncoco = 3", "data.sets.coco is a table"),
        ("[data]\nscenes = 1.0\nsets = 3", "data.sets is a table of tables"),
        ("[data]\nscenes = 1.0\n[data.sets.coco]\nshair = 3", "did you mean data.sets.coco.share"),
        ("[data]\nscenes = 1.0\n[data.sets.coco]\nshare = -1.0", "share is 0 or more"),
        ("[data]\nscenes = 1.0\n[data.sets.coco]\nprompted = false\ngeneric = false", "trains neither branch"),
        ("[data]\nscenes = 1.0\n[data.sets.coco]\nprompted = false", "generic.queries is 0"),
        ("[data]\nscenes = 1.0\nfocus = 0.5\n[data.sets.coco]", "leave one out"),
        ("[data]\nscenes = 1.0\n[schedule]\nema = 1.0", "schedule.ema is 0"),
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


def test_a_pack_that_is_not_there_is_named_and_leaves_nothing(tmp_path):
    config = replace(SCENES, data=replace(SCENES.data, packs=(str(tmp_path / "lost.pack"),), scenes=0.5))
    with pytest.raises(BadInput, match=r"no pack and no folder of shards .*lost\.pack"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
