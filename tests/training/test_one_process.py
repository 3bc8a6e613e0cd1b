"""What a process does by itself: parts of a batch, recomputed layers, averaged weights, seeds of images."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.config import SwinConfig
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.config import GenericConfig, ScheduleConfig
from semsam_annotate.training.loop import open_run, train
from semsam_annotate.training.parallel import World
from semsam_annotate.training.points import SeededRand
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.starting import build_learner
from semsam_annotate.training.state import gather_state
from semsam_annotate.training.step import Learner

CPU = World(torch.device("cpu"))


def scheduled(config, **changes):
    return replace(config, schedule=replace(config.schedule, **changes))


def taken(config, folder):
    """Losses and gradients of the first step."""
    learner = build_learner(config, open_run(config, folder, CPU), CPU)
    step = learner.learn(0, Sampler(config).draw(0))
    return step, {name: value.grad.clone() for name, value in learner.network.named_parameters()}


@pytest.fixture(scope="module")
def plain(tiny_run, tmp_path_factory):
    """The first step, taken at once, unclipped."""
    return taken(scheduled(tiny_run, clip=1e9), tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(tiny_run, plain, tmp_path, parts):
    found, gradients = taken(scheduled(tiny_run, clip=1e9, accumulate=parts), tmp_path)
    assert len(found.parts) == parts
    assert found.losses == pytest.approx(plain[0].losses, rel=2e-4, abs=2e-5)
    assert_same(gradients, plain[1])


def test_recomputed_layers_have_the_same_gradient(tiny_run, plain, tmp_path):
    found, gradients = taken(replace(scheduled(tiny_run, clip=1e9), activation_checkpointing=True), tmp_path)
    assert found.losses == pytest.approx(plain[0].losses, rel=1e-5)
    assert_same(gradients, plain[1])


def test_recomputed_stochastic_depth_drops_the_same_blocks(tiny_weights, tiny_run, tmp_path):
    network = replace(
        load_checkpoint(tiny_weights)[1].config,
        encoder="swin",
        swin=SwinConfig(embed_dim=8, depths=(1, 1, 2, 1), heads=(1, 1, 2, 2), window=4, drop_path=0.5),
    )
    gradients = []
    for again in (False, True):
        config = replace(scheduled(tiny_run, clip=1e9), activation_checkpointing=again)
        names = open_run(config, tmp_path, CPU).names
        torch.manual_seed(1)
        fresh = Learner(SemanticSam(network), replace(config, generic=GenericConfig()), names, CPU)
        fresh.learn(3, Sampler(config).draw(3))
        gradients.append({name: value.grad for name, value in fresh.network.named_parameters()})
    assert_same(*gradients)


def assert_same(gradients, wanted):
    """Equal but for rounding, which some weights, such as the bias of keys, have instead of a gradient."""
    assert gradients.keys() == wanted.keys()
    assert all(value is not None for value in gradients.values()), "every weight takes part in every step"
    noise = 1e-6 * max(float(value.abs().max()) for value in wanted.values())
    for name, value in wanted.items():
        allowed = 2e-4 * float(value.abs().max()) + noise
        torch.testing.assert_close(gradients[name], value, rtol=2e-3, atol=allowed, msg=name)


def test_an_image_draws_the_same_numbers_wherever_it_is():
    whole = SeededRand((3, 7), CPU.device)
    image = torch.tensor([0, 0, 2, 2, 2, 3])
    drawn, again = whole((6, 2), image), whole((6, 2), image)
    assert not torch.equal(drawn, again)
    late = SeededRand((3, 7), CPU.device, first=2)
    torch.testing.assert_close(late((4, 2), image[2:] - 2), drawn[2:], rtol=0, atol=0)
    torch.testing.assert_close(late((4, 2), image[2:] - 2), again[2:], rtol=0, atol=0)
    assert torch.equal(late((5,)), SeededRand((3, 7), CPU.device)((5,)))
    assert whole((0, 2), image[:0]).shape == (0, 2)


@pytest.mark.parametrize(("count", "size", "parts"), [(8, 2, 2), (7, 3, 2), (5, 1, 3), (64, 64, 1)])
def test_places_are_dealt_out_once(count, size, parts):
    dealt = [
        place for rank in range(size) for part in World(CPU.device, rank, size).places(count, parts) for place in part
    ]
    assert dealt == list(range(count))
    sizes = [len(part) for rank in range(size) for part in World(CPU.device, rank, size).places(count, parts)]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) > 0


def test_a_draw_of_some_places_is_that_of_the_whole_batch(tiny_run):
    sampler = Sampler(tiny_run)
    whole, some = sampler.draw(5), sampler.draw(5, range(2, 4))
    assert [one.origin for one in some] == [one.origin for one in whole[2:]]
    assert all((a.sample.image == b.sample.image).all() for a, b in zip(some, whole[2:], strict=True))


def test_too_many_parts(tiny_run, tmp_path):
    with pytest.raises(BadInput, match="need at least 6 images a step"):
        open_run(scheduled(tiny_run, accumulate=2), tmp_path, World(CPU.device, 0, 3))
    with pytest.raises(BadInput, match="accumulate is 1 to"):
        ScheduleConfig(batch=2, accumulate=3)


def test_averaged_weights_are_saved_as_the_model(tiny_run, tmp_path):
    train(scheduled(tiny_run, ema=0.6, steps=3), tmp_path)
    state, saved = load_file(tmp_path / "state.safetensors"), load_checkpoint(tmp_path / "weights.safetensors")[0]
    name = "mask_decoder.mask_tokens.weight"
    torch.testing.assert_close(saved.state_dict()[name], state[f"average.{name}"].half().float(), rtol=0, atol=0)
    assert not torch.equal(state[f"average.{name}"], state[f"network.{name}"])


def test_the_average_lies_between_the_weights_that_it_has_seen(tiny_run, tmp_path):
    config = scheduled(tiny_run, ema=0.9)
    learner = build_learner(config, RunFolder(tmp_path, config), CPU)
    name = "mask_decoder.mask_tokens.weight"
    seen = [dict(learner.network.named_parameters())[name].detach().clone()]
    for step in range(3):
        learner.learn(step, Sampler(config).draw(step))
        seen.append(dict(learner.network.named_parameters())[name].detach().clone())
    average, every = gather_state(learner, 3)[f"average.{name}"], torch.stack(seen)
    assert ((average >= every.amin(0) - 1e-6) & (average <= every.amax(0) + 1e-6)).all()


@pytest.mark.parametrize(
    ("learn", "moving"),
    [
        ("decoder", ("class_heads", "mask_decoder", "text_tower")),
        ("all", ("class_heads", "image_encoder", "mask_decoder", "pixel_decoder", "text_tower")),
    ],
)
def test_what_is_not_learned_stays(tiny_run, tmp_path, learn, moving):
    config = scheduled(tiny_run, learn=learn, steps=1, warmup=1)
    before = build_learner(config, open_run(config, tmp_path / "start", CPU), CPU).network.state_dict()
    before = {name: value.clone() for name, value in before.items()}
    learner = build_learner(config, open_run(config, tmp_path / "run", CPU), CPU)
    learner.learn(0, Sampler(config).draw(0))
    after = learner.network.state_dict()
    moved = {name.partition(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == set(moving)
