"""One mask a click: only the closest token is taught, whatever else the click lies in."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from typer.testing import CliRunner

from semsam_annotate.api import Prompt
from semsam_annotate.cli.app import build
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.config import InputConfig, MaskDecoderConfig, ModelConfig, PixelDecoderConfig, SwinConfig
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.presets import preset
from semsam_annotate.model.published import EncodedInput, as_prompts
from semsam_annotate.training.config import read_config
from semsam_annotate.training.criterion import Criterion, CriterionConfig
from semsam_annotate.training.many_to_one import closest, every_token
from semsam_annotate.training.points import seeded_rand
from semsam_annotate.training.targets import Targets

CPU = torch.device("cpu")
TOKENS = 3
CONFIG = CriterionConfig(points=64, many_to_one=True)


def predictions(seed=0, clicks=4):
    drawn = torch.Generator().manual_seed(seed)
    shape = (1, clicks, TOKENS)
    return Predictions(
        masks=torch.randn(*shape, 8, 8, generator=drawn).requires_grad_(),
        boxes=(torch.rand(*shape, 4, generator=drawn) * 0.4 + 0.2).requires_grad_(),
        scores=torch.rand(*shape, 1, generator=drawn).requires_grad_(),
        part=None,
        state=torch.randn(*shape, 16, generator=drawn),
    )


def targets(clicked):
    drawn = torch.Generator().manual_seed(0)
    masks = F.interpolate(torch.rand(5, 1, 4, 4, generator=drawn), (32, 32))[:, 0] > 0.5
    others = torch.arange(5).expand(1, len(clicked), -1)  # every mask contains every click: many to one ignores it
    return Targets.class_agnostic(masks, others, torch.tensor([clicked]))


def uniform(shape, _image=None):
    """Points that are the same for every row."""
    steps = (torch.arange(shape[1] * 2).view(1, -1, 2) * 0.61803) % 1
    return steps.expand(shape[0], -1, -1)


@pytest.mark.parametrize("seed", range(6))
def test_only_the_closest_token_is_taught(seed):
    found, truth = predictions(seed), targets([0, 3, 3, 1])
    losses, taught = Criterion(CONFIG)([found], truth, seeded_rand(seed, CPU))
    assert taught.target.tolist() == [0, 3, 3, 1]
    assert (taught.query // TOKENS).tolist() == [0, 1, 2, 3]
    Criterion(CONFIG).total(losses).backward()
    for value in (found.masks, found.boxes, found.scores):
        rows = value.grad.flatten(0, 2).flatten(1).any(1).nonzero()[:, 0]
        assert rows.tolist() == taught.query.tolist()


def test_the_closest_is_the_least_cross_entropy_and_dice():
    truth = targets([2])
    small = F.avg_pool2d(truth.masks[2].float()[None], 4)[0] > 0.5
    right, wrong = torch.where(small, 9.0, -9.0), torch.where(small, -9.0, 9.0)
    found = replace(predictions(clicks=1), masks=torch.stack([wrong, right, torch.zeros(8, 8)])[None, None])
    _, taught = Criterion(CONFIG)([found], truth, seeded_rand(0, CPU))
    assert taught.query.tolist() == [1]


def test_every_layer_chooses_for_itself_and_the_last_one_is_told():
    truth = targets([2])
    small = F.avg_pool2d(truth.masks[2].float()[None], 4)[0] > 0.5
    right, wrong = torch.where(small, 9.0, -9.0), torch.where(small, -9.0, 9.0)
    first = replace(predictions(clicks=1), masks=torch.stack([right, wrong, wrong])[None, None])
    last = replace(first, masks=torch.stack([wrong, wrong, right])[None, None])
    losses, taught = Criterion(CONFIG)([first, last], truth, seeded_rand(0, CPU))
    assert taught.query.tolist() == [2]
    assert losses["bce_0"].item() == pytest.approx(losses["bce_1"].item(), abs=0.3)
    assert losses["dice_0"].item() < 0.3


def test_losses_are_means_over_the_clicks():
    """The normaliser is the number of clicks: the mean of the losses of each click on its own."""
    found, clicked = predictions(), [0, 3, 2, 1]
    together, _ = Criterion(CONFIG)([found], targets(clicked), uniform)
    alone = []
    for row, target in enumerate(clicked):
        one = Predictions(
            found.masks[:, row : row + 1],
            found.boxes[:, row : row + 1],
            found.scores[:, row : row + 1],
            None,
            found.state[:, row : row + 1],
        )
        alone.append(Criterion(CONFIG)([one], targets([target]), uniform)[0])
    for name, value in together.items():
        assert value.item() == pytest.approx(sum(losses[name].item() for losses in alone) / len(alone), rel=1e-4), name


def test_clicks_that_mean_nothing():
    found = predictions()
    pairs = every_token(found, targets([-1, 2, -1, 0]))
    assert pairs.query.tolist() == [3, 4, 5, 9, 10, 11]
    assert pairs.target.tolist() == [2, 2, 2, 0, 0, 0]
    losses, taught = Criterion(CONFIG)([found], targets([-1] * 4), seeded_rand(0, CPU))
    assert not len(taught.query)
    assert all(value.item() == 0 for value in losses.values())


def test_the_first_of_equals():
    assert closest(torch.tensor([2.0, 1.0, 1.0, 0.0, 5.0, 0.0]), 3).tolist() == [1, 3]


def test_the_published_reproduction_of_sam(tmp_path):
    recipe = read_config(tmp_path / "sam-reproduction", packs=["sa1b.pack"])
    assert recipe.criterion.many_to_one
    assert preset(recipe.model).mask_decoder.granularities == TOKENS


RECIPE = """
model = "{start}"
workers = 0
bf16 = false
[data]
scenes = 1.0
[prompts]
count = 3
corrections = 0
[schedule]
steps = 2
batch = 1
size = 64
[criterion]
many_to_one = true
points = 128
"""


def test_the_small_form_of_it_trains_and_answers(tmp_path):
    config = ModelConfig(
        name="three tokens",
        swin=SwinConfig(32, (1, 1, 1, 1), (1, 2, 4, 8), 4),
        pixel_decoder=PixelDecoderConfig(dim=64, layers=1, heads=2, ffn=32),
        mask_decoder=MaskDecoderConfig(layers=2, heads=2, ffn=32, granularities=TOKENS, text_dim=16),
        input=InputConfig(side=64),
    )
    start, recipe = tmp_path / "start.safetensors", tmp_path / "run.toml"
    before = SemanticSam(config)
    save_checkpoint(before, CheckpointCard(config, (1, 2, 3)), start)
    recipe.write_text(RECIPE.format(start=start))
    answer = CliRunner().invoke(build(), ["train", str(recipe), "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    weights = tmp_path / "run" / "weights.safetensors"
    network, card, _ = load_checkpoint(weights)
    assert sorted(card.levels) == [1, 2, 3]
    moved = network.mask_decoder.mask_tokens.weight - before.mask_decoder.mask_tokens.weight
    assert moved.detach().abs().amax(1).gt(1e-4).any()
    with closing(open_engine(str(weights), "cpu", EngineSettings())) as engine:
        ladder = engine.propose(engine.encode(np.full((70, 90, 3), 99, np.uint8)), Prompt(points=[(20, 30)]))
    assert 1 <= len(ladder) <= TOKENS


@pytest.mark.stress
@torch.no_grad()
def test_the_published_size_loads_and_runs(tmp_path):
    config, path = preset("swin-l-sam"), tmp_path / "sam.safetensors"
    save_checkpoint(SemanticSam(config), CheckpointCard(config, (1, 2, 3)), path)
    image = EncodedInput.of(load_checkpoint(path)[0], torch.full((3, 64, 96), 99))
    answer = image.decode(as_prompts([(0.5, 0.5), (1.0, 0.0)]))[-1]
    assert answer.masks.shape == (1, 2, TOKENS, 16, 24)
    assert answer.masks.isfinite().all()
