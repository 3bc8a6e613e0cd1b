"""Memory that runs out and numbers that are none: what the engine does, and what it says."""

import logging

import pytest
import torch

from semsam_annotate.api import AutoSettings, BadInput, EngineUnavailable, Prompt, Vocabulary
from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint

WORDS = Vocabulary(["car", "person"], ["wheel"])
CLICK = Prompt([(44, 30)])
SEARCH = AutoSettings(side=4, quality=0, stability=0, smallest=1)


def plain(ladder):
    """What a ladder says, but for the ids, which are new each time."""
    return [{**rung.to_json(), "id": None} for rung in ladder]


def short_of_memory(network, most):
    """The decoder refuses more than ``most`` prompts at once, as a full GPU does; 0 refuses all."""

    def refuse(_, arguments):
        if arguments[1].count > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    return network.mask_decoder.register_forward_pre_hook(refuse)


@pytest.mark.parametrize("most", [0, 1, 5])
def test_out_of_memory_takes_smaller_batches_then_the_cpu(engine_of, photo, caplog, most):
    calm, short = engine_of(), engine_of()
    prompts = [Prompt([(x, y)]) for x in range(3, 80, 20) for y in range(3, 60, 20)]
    expected = calm.propose_many(calm.encode(photo), prompts, WORDS)
    hook = short_of_memory(short._current().network, most)
    with caplog.at_level(logging.WARNING, "semsam.engine"):
        answer = short.propose_many(short.encode(photo), prompts, WORDS)
    assert [len(ladder) for ladder in answer] == [len(ladder) for ladder in expected]
    for one, other in zip(answer, expected, strict=True):
        assert all((a.mask != b.mask).mean() <= 0.002 for a, b in zip(one, other, strict=True))
    assert "going on with" in caplog.text
    assert ("on the CPU" in caplog.text) == (most == 0)
    assert len(short.auto(short.encode(photo), WORDS, SEARCH)) == len(calm.auto(calm.encode(photo), WORDS, SEARCH))
    hook.remove()


def test_out_of_memory_while_encoding_goes_to_the_cpu(engine_of, photo, caplog):
    engine = engine_of()

    def refuse(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine._current().network.image_encoder.register_forward_pre_hook(refuse)
    with caplog.at_level(logging.WARNING, "semsam.engine"):
        handle = engine.encode(photo)
    assert "on the CPU" in caplog.text
    calm = engine_of()
    assert plain(engine.propose(handle, CLICK)) == plain(calm.propose(calm.encode(photo), CLICK))


def test_other_errors_are_not_taken_for_a_lack_of_memory(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)

    def fail(*_):
        raise RuntimeError("shapes do not match")

    engine._current().network.mask_decoder.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        engine.propose(handle, CLICK)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_no_number_are_refused_by_name(network_of, weights_of, tmp_path, bad):
    network, card, _ = load_checkpoint(weights_of())
    name = "mask_decoder.layers.1.linear1.weight"
    with torch.no_grad():
        network.get_parameter(name)[0, 0] = bad
    save_checkpoint(network, card, tmp_path / "bad.safetensors")
    with pytest.raises(BadInput, match=rf"NaN or infinity in {name}"):
        load_checkpoint(tmp_path / "bad.safetensors")


def test_weights_spoilt_in_memory_are_named(engine_of, photo):
    encoding, decoding = engine_of(), engine_of()
    handle = decoding.encode(photo)
    with torch.no_grad():
        encoding._current().network.pixel_decoder.mask_features.weight[0] = float("nan")
        decoding._current().network.mask_decoder.heads.iou_head.layers[0].bias[0] = float("inf")
    with pytest.raises(
        EngineUnavailable, match=r"image's mask_features: see the weight pixel_decoder.mask_features.weight"
    ):
        encoding.encode(photo)
    with pytest.raises(EngineUnavailable, match=r"see the weight mask_decoder.heads.iou_head.layers.0.bias"):
        decoding.propose(handle, CLICK)
    with pytest.raises(EngineUnavailable, match="prompt's"):
        decoding.auto(handle)
