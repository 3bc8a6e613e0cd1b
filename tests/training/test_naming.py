"""Names fitted to what queries look like: new ones are learned, known ones held, masks untouched."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.naming import NamedStates, NamingSettings, fit_names, gather, name_weights_anew
from semsam_annotate.training.naming.gather import as_used
from semsam_annotate.training.run_folder import RunFolder

FEW = NamingSettings(batches=2, steps=5, batch=16)
PARTS = ("crank", "lever", "rudder", "sprocket")
NAMES = NameIndex((), PARTS, (), (30,) * len(PARTS))


@pytest.fixture
def network() -> SemanticSam:
    """The packaged one, whose names mean something."""
    return load_checkpoint(packaged_weights())[0]


@pytest.fixture
def known() -> tuple[tuple[str, ...], tuple[str, ...]]:
    card = load_checkpoint(packaged_weights())[1]
    return card.objects, card.parts


def groups(each: int, seed: int) -> NamedStates:
    """States around four places, a name each."""
    centres = torch.randn(len(PARTS), 128, generator=torch.Generator().manual_seed(7))
    truth = torch.arange(len(PARTS)).repeat_interleave(each)
    noise = torch.randn(len(truth), 128, generator=torch.Generator().manual_seed(seed))
    return NamedStates(centres[truth] + 0.5 * noise, torch.full_like(truth, -1), truth)


def right(network: SemanticSam, states: NamedStates) -> float:
    assert network.text_tower is not None
    with torch.no_grad():
        said = network.class_heads(states.states, network.text_tower(PARTS), True).argmax(1)
    return float((said == states.parts).float().mean())


def moved(network: SemanticSam, names: tuple[str, ...]) -> float:
    """Mean distance that the embeddings of names have moved from the packaged ones."""
    before = load_checkpoint(packaged_weights())[0].text_tower
    assert network.text_tower is not None
    assert before is not None
    with torch.no_grad():
        pair = (F.normalize(tower(names), dim=-1) for tower in (network.text_tower, before))
        return float(torch.dist(*pair) / len(names) ** 0.5)


def test_new_names_are_learned_and_told_on_states_never_seen(network, known):
    assert right(network, groups(20, 1)) < 0.6
    fit_names(network, groups(30, 0), NAMES, known, NamingSettings(steps=150))
    assert right(network, groups(20, 1)) > 0.95


def test_known_names_stay_where_they_are_only_if_held(network, known):
    loose = load_checkpoint(packaged_weights())[0]
    fit_names(network, groups(30, 0), NAMES, known, NamingSettings(steps=100))
    fit_names(loose, groups(30, 0), NAMES, known, NamingSettings(steps=100, anchor=0.0, keep=0.0))
    assert moved(network, known[1]) < 0.1 < moved(loose, known[1])


def test_only_heads_and_tower_move_and_nothing_stays_trainable(network, known):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.requires_grad_(False)
    fit_names(network, groups(5, 0), NAMES, known, FEW)
    after = network.state_dict()
    changed = {name.partition(".")[0] for name in after if not torch.equal(before[name], after[name])}
    assert changed == {"class_heads", "text_tower"}
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("names", [NameIndex((), (), (), ()), NAMES])
def test_states_without_names_change_nothing(network, known, names):
    states = groups(5, 0)
    nameless = replace(states, parts=torch.full_like(states.parts, -1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit_names(network, nameless, names, known, FEW)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_the_same_seed_gives_the_same_heads(known):
    fitted = [load_checkpoint(packaged_weights())[0] for _ in range(2)]
    for one in fitted:
        fit_names(one, groups(5, 0), NAMES, known, FEW)
    first, second = (one.class_heads.class_embed_part for one in fitted)
    assert torch.equal(first, second)


def test_states_are_those_of_whole_pictures_and_repeat(tiny_run, tiny_weights, tmp_path):
    network, names = load_checkpoint(tiny_weights)[0], RunFolder(tmp_path / "run", tiny_run).names
    first, second = (gather(network, tiny_run, names, 2) for _ in range(2))
    assert torch.equal(first.states, second.states)
    assert len(first.states) == len(first.objects) == len(first.parts) > 2 * tiny_run.schedule.batch
    assert first.objects.max() < len(names.objects)
    assert as_used(tiny_run).augment.scale == (1.0, 1.0)
    assert as_used(tiny_run).prompts.corrections == 0


def test_named_weights_keep_their_masks_and_know_both_vocabularies(tiny_run, tmp_path):
    config = replace(tiny_run, model=str(packaged_weights()))
    names, out = RunFolder(tmp_path / "run", config).names, tmp_path / "named.safetensors"
    told = []
    name_weights_anew(packaged_weights(), packaged_weights(), config, names, out, FEW, lambda *done: told.append(done))
    old, new = (load_checkpoint(path) for path in (packaged_weights(), out))
    assert told == [(1, 2), (2, 2)]
    assert set(new[1].parts) == {*old[1].parts, *names.parts}
    for name, value in old[0].state_dict().items():
        assert torch.equal(value, new[0].state_dict()[name]) or name.startswith(("class_heads", "text_tower"))
