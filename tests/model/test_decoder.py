"""Prompts never change each other, images of a batch neither, and filling changes nothing."""

from dataclasses import replace

import pytest
import torch

from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.model.mask_decoder.prompts import CORNER_END, CORNER_START, NEGATIVE, POSITIVE, UNUSED

CLOSE = {"atol": 2e-4, "rtol": 1e-4}


def prompts(count, tokens=3, seed=0, batch=1):
    """Random prompts; the first token of each is a click, the others anything, filling too."""
    drawn = torch.Generator().manual_seed(seed)
    reference = torch.rand(batch, count, 4, generator=drawn) * 0.5 + 0.2
    kinds = torch.randint(-1, 4, (batch, count, tokens), generator=drawn)
    kinds[..., 0] = POSITIVE
    places = torch.rand(batch, count, tokens, 2, generator=drawn)
    return PromptBatch(reference, torch.zeros(batch, count, dtype=torch.long), places, kinds)


def pick(batch, rows):
    return PromptBatch(
        batch.reference[:, rows], batch.flag[:, rows], batch.token_places[:, rows], batch.token_kinds[:, rows]
    )


def assert_same(first, second, rows=slice(None)):
    for name in ("masks", "boxes", "scores", "part", "state"):
        torch.testing.assert_close(getattr(first, name), getattr(second, name)[:, rows], **CLOSE)


@pytest.fixture
def network(network_of):
    return network_of()


@pytest.fixture
def memory(network):
    torch.manual_seed(1)
    return network.encode(torch.randint(0, 256, (1, 3, 64, 96)))


@pytest.mark.parametrize("seed", range(3))
def test_together_is_one_by_one(network, memory, seed):
    batch = prompts(5, seed=seed)
    together = network.mask_decoder(memory, batch)[-1]
    for row in range(5):
        assert_same(network.mask_decoder(memory, pick(batch, [row]))[-1], together, [row])


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
def test_order_does_not_matter(order, network, memory):
    batch = prompts(5)
    assert_same(
        network.mask_decoder(memory, pick(batch, order))[-1], network.mask_decoder(memory, batch)[-1], list(order)
    )


def test_mutual_is_another_answer(network, memory):
    batch = prompts(2, seed=4)
    apart, mutual = network.mask_decoder(memory, batch)[-1], network.mask_decoder(memory, batch, False, True)[-1]
    assert (apart.state - mutual.state).abs().max() > 1e-3


def test_filling_has_no_influence(network, memory):
    batch = prompts(3, tokens=2)
    kinds = torch.cat([batch.token_kinds, torch.full((1, 3, 2), UNUSED)], 2)
    for filling in (0.0, 0.7):
        places = torch.cat([batch.token_places, torch.full((1, 3, 2, 2), filling)], 2)
        filled = replace(batch, token_places=places, token_kinds=kinds)
        assert_same(network.mask_decoder(memory, filled)[-1], network.mask_decoder(memory, batch)[-1])


@pytest.mark.parametrize("kind", [NEGATIVE, POSITIVE, CORNER_START, CORNER_END])
def test_every_kind_of_token_counts(network, memory, kind):
    batch = prompts(1, tokens=2)
    kinds = torch.tensor([[[POSITIVE, UNUSED]]])
    without = network.mask_decoder(memory, replace(batch, token_kinds=kinds))[-1].masks
    kinds = torch.tensor([[[POSITIVE, kind]]])
    assert (network.mask_decoder(memory, replace(batch, token_kinds=kinds))[-1].masks - without).abs().max() > 1e-3


def test_batched_images_are_single_images(network):
    torch.manual_seed(2)
    images, batch = torch.randint(0, 256, (3, 3, 64, 64)), prompts(2, batch=3)
    together = network.mask_decoder(network.encode(images), batch)[-1]
    for row in range(3):
        one = PromptBatch(
            batch.reference[[row]], batch.flag[[row]], batch.token_places[[row]], batch.token_kinds[[row]]
        )
        alone = network.mask_decoder(network.encode(images[[row]]), one)[-1]
        for name in ("masks", "boxes", "scores"):
            torch.testing.assert_close(getattr(alone, name), getattr(together, name)[[row]], **CLOSE)


def test_every_layer_ends_with_the_last(network, memory):
    layers = network.mask_decoder(memory, prompts(2), True)
    assert len(layers) == 2
    assert_same(network.mask_decoder(memory, prompts(2))[-1], layers[-1])


def test_an_untrained_network_answers_with_its_prompt(small):
    from semsam_annotate.model.network import SemanticSam

    torch.manual_seed(0)
    network = SemanticSam(small).eval()
    batch = prompts(2)
    boxes = network.mask_decoder(network.encode(torch.zeros(1, 3, 64, 64)), batch)[-1].boxes
    torch.testing.assert_close(boxes, batch.reference[:, :, None].expand_as(boxes), atol=1e-4, rtol=0)
