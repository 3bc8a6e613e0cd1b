"""The generic branch: apart from prompts, and by the published rules of inference."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import BadInput, Prompt, Proposal, Segment, Segmentation, Vocabulary
from semsam_annotate.model.engine.suppression import suppress
from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.model.mask_decoder.generic import grid_anchors

WORDS = Vocabulary(objects=["car", "cat", "sky"], parts=["wheel", "ear"])


@pytest.fixture
def generic(small):
    """The small network with a generic branch."""
    return replace(small, mask_decoder=replace(small.mask_decoder, generic_queries=9))


@pytest.fixture
def sure_engine(engine_of, generic):
    """An engine whose generic queries are sure enough to pass every threshold."""
    engine = engine_of(config=generic)
    with torch.no_grad():
        engine._current().network.mask_decoder.generic_queries.empty.bias.fill_(-3.0)
    return engine


@torch.inference_mode()
def test_prompts_do_not_change_with_the_branch(network_of, small, generic, engine_of, photo):
    plain, with_branch = network_of(config=small), network_of(config=generic)
    missing = with_branch.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing
    assert all("generic_queries" in name for name in missing)
    images = torch.from_numpy(photo).permute(2, 0, 1)[None]
    asked = PromptBatch.of_boxes(torch.tensor([[[0.3, 0.4, 0.1, 0.1], [0.6, 0.5, 0.1, 0.1]]]))
    answers = [net.mask_decoder(net.encode(images), asked)[-1].masks for net in (plain, with_branch)]
    assert torch.equal(*answers)


def test_batched_as_one_by_one(network_of, generic, photo):
    network = network_of(config=generic)
    images = torch.from_numpy(np.stack([photo, photo[:, ::-1]])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        together = network.mask_decoder.generic(network.encode(images))[-1]
        for number in range(2):
            alone = network.mask_decoder.generic(network.encode(images[number : number + 1]))[-1]
            torch.testing.assert_close(together.masks[number], alone.masks[0], atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(together.boxes[number], alone.boxes[0], atol=1e-5, rtol=1e-4)


def test_every_layer_ends_with_the_last(network_of, generic, photo):
    network = network_of(config=generic)
    with torch.inference_mode():
        memory = network.encode(torch.from_numpy(photo).permute(2, 0, 1)[None])
        layers = network.mask_decoder.generic(memory, every_layer=True)
        assert len(layers) == generic.mask_decoder.layers
        assert torch.equal(layers[-1].masks, network.mask_decoder.generic(memory)[-1].masks)
        assert layers[-1].masks.shape[1:3] == (9, 1)


@pytest.mark.parametrize("count", [1, 2, 5, 16, 300])
def test_anchors_fill_the_image(count):
    boxes = grid_anchors(count)
    assert boxes.shape == (count, 4)
    assert len(torch.unique(boxes[:, :2], dim=0)) == count
    assert ((boxes > 0) & (boxes < 1)).all()
    assert boxes[:, :2].mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.1)


@pytest.mark.parametrize(("task", "names"), [("instance", WORDS.objects), ("parts", WORDS.parts)])
def test_instances(sure_engine, photo, task, names):
    found = sure_engine.segment(sure_engine.encode(photo), WORDS, task)
    assert 0 < len(found) <= 100
    assert all(isinstance(one, Proposal) and one.mask.shape == photo.shape[:2] and one.mask.any() for one in found)
    labels = [(one.part_labels if task == "parts" else one.object_labels)[0] for one in found]
    assert {name for name, _ in labels} <= set(names)
    assert [share for _, share in labels] == sorted((share for _, share in labels), reverse=True)
    for one in found:
        assert sum(share for _, share in one.object_labels) <= 1 + 1e-6
        assert Proposal.from_json(one.to_json()) == one


@pytest.mark.parametrize("task", ["semantic", "panoptic"])
def test_maps(sure_engine, photo, task):
    found = sure_engine.segment(sure_engine.encode(photo), WORDS, task)
    assert isinstance(found, Segmentation)
    assert found.labels.shape == photo.shape[:2]
    assert {one.id for one in found.segments} == set(np.unique(found.labels)) - {0}
    assert all(one.area == found.mask(one).sum() and 0 <= one.score <= 1 for one in found.segments)
    if task == "semantic":
        assert len({one.name for one in found.segments}) == len(found.segments)
    again = Segmentation.from_json(found.to_json())
    assert np.array_equal(again.labels, found.labels)
    assert again.segments == found.segments


@pytest.mark.parametrize("task", ["semantic", "panoptic", "instance", "parts"])
def test_nothing_found(engine_of, generic, photo, task):
    engine = engine_of(config=generic)
    with torch.no_grad():
        engine._current().network.mask_decoder.generic_queries.empty.bias.fill_(40.0)
    found = engine.segment(engine.encode(photo), WORDS, task)
    assert not (found.segments if isinstance(found, Segmentation) else found)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
def test_any_size(sure_engine, size):
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    for task in ("semantic", "panoptic"):
        assert sure_engine.segment(sure_engine.encode(image), WORDS, task).labels.shape == size


def test_bad_requests_are_named(engine_of, sure_engine, photo):
    plain = engine_of()
    with pytest.raises(BadInput, match="no trained generic branch"):
        plain.segment(plain.encode(photo), WORDS)
    assert "segment" not in plain.info.capabilities
    assert "segment" in sure_engine.info.capabilities
    handle = sure_engine.encode(photo)
    with pytest.raises(BadInput, match="a task is one of instance"):
        sure_engine.segment(handle, WORDS, "everything")
    with pytest.raises(BadInput, match="part names"):
        sure_engine.segment(handle, Vocabulary(objects=["car"]), "parts")
    with pytest.raises(BadInput, match="object names"):
        sure_engine.segment(handle, Vocabulary(parts=["wheel"]), "panoptic")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value["segments"][0].update(id=0),
        lambda value: value["segments"].append({**value["segments"][0], "id": 7}),
        lambda value: value.update(size=[3, 4]),
        lambda value: value["segments"][0].pop("mask"),
    ],
)
def test_damaged_maps_are_refused(spoil):
    labels = np.zeros((5, 6), np.int32)
    labels[1:3, 2:4] = 1
    value = Segmentation(labels, (Segment(1, "car", 0.5, 4),)).to_json()
    spoil(value)
    with pytest.raises(BadInput):
        Segmentation.from_json(value)


def test_a_prompt_and_a_segmentation_of_one_embedding(sure_engine, photo):
    handle = sure_engine.encode(photo)
    before = sure_engine.propose(handle, Prompt([(40, 30)]))
    sure_engine.segment(handle, WORDS)
    after = sure_engine.propose(handle, Prompt([(40, 30)]))
    assert [one.rle for one in before] == [one.rle for one in after]


def test_log_odds_are_those_of_a_softmax(network_of, generic):
    queries = network_of(config=generic).mask_decoder.generic_queries
    state, logits = torch.randn(5, 64), torch.randn(5, 3) * 8
    shares = torch.cat([logits, queries.empty(state)[:, :1]], -1).softmax(-1)[:, :3]
    torch.testing.assert_close(queries.log_odds(state, logits, False).sigmoid(), shares, atol=1e-5, rtol=1e-4)
    assert queries.log_odds(state, torch.full((5, 3), 200.0), True).isfinite().all()


@given(seed=st.integers(0, 99), count=st.integers(0, 7), same=st.floats(0, 0.99))
def test_suppression_keeps_the_best_of_what_resembles(seed, count, same):
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(count, 4, 4, generator=generator) > 0.5
    quality = torch.rand(count, generator=generator)
    kept = suppress(masks, quality, same).tolist()

    def iou(a: int, b: int) -> float:
        return float((masks[a] & masks[b]).sum() / (masks[a] | masks[b]).sum().clamp(min=1))

    assert quality[kept].tolist() == sorted(quality[kept].tolist(), reverse=True)
    assert all(iou(a, b) <= same + 1e-6 for a in kept for b in kept if a != b)  # in single precision
    lost = set(range(count)) - set(kept)
    assert all(any(iou(a, b) > same - 1e-6 and quality[b] >= quality[a] for b in kept) for a in lost)
