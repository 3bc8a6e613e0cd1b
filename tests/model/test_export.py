"""The exported programs give the network's own numbers, for other images and other numbers of prompts."""

import io

import pytest
import torch

from semsam_annotate.api import BadInput
from semsam_annotate.model.config import MaskDecoderConfig, ModelConfig, PixelDecoderConfig, SwinConfig, semsam_tiny
from semsam_annotate.model.export import export_programs
from semsam_annotate.model.mask_decoder import PromptBatch
from semsam_annotate.model.network import SemanticSam

SMALL = ModelConfig(
    name="small",
    swin=SwinConfig(32, (2, 1, 1, 1), (1, 2, 4, 8), 4),
    pixel_decoder=PixelDecoderConfig(dim=64, layers=1, heads=2, ffn=32),
    mask_decoder=MaskDecoderConfig(layers=2, heads=2, ffn=32, text_dim=16),
)


def saved(program):
    """The program after a round through a file."""
    file = io.BytesIO()
    torch.export.save(program, file)
    return torch.export.load(io.BytesIO(file.getvalue())).module()


@torch.no_grad()
def test_programs_give_the_same_numbers():
    torch.manual_seed(0)
    network = SemanticSam(SMALL).eval()
    encoder, decoder = (saved(program) for program in export_programs(network, 70, 101))
    image = torch.rand(1, 3, 70, 101) * 255
    memory, features = network.encode(image), encoder(image)
    for found, wanted in zip(features, (memory.mask_features, *memory.values), strict=True):
        torch.testing.assert_close(found, wanted)
    for count in (1, 2, 5):
        reference, flag = torch.rand(1, count, 4), torch.randint(0, 2, (1, count))
        prompts = PromptBatch(reference, flag, reference.new_zeros(1, count, 0, 2), flag.new_zeros(1, count, 0))
        wanted = network.mask_decoder(memory, prompts)[-1]
        found = decoder(features, reference, flag)
        torch.testing.assert_close(found, (wanted.masks, wanted.boxes, wanted.scores))


def test_prompt_tokens_are_refused():
    with pytest.raises(BadInput, match="semsam-tiny cannot be exported"):
        export_programs(SemanticSam(semsam_tiny()), 64, 64)
