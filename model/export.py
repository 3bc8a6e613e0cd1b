"""The network as two programs of ``torch.export``, for runtimes without this package: image once, then prompts."""

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram, export

from semsam_annotate.api import BadInput
from semsam_annotate.model.mask_decoder import ImageMemory, PromptBatch
from semsam_annotate.model.network import SemanticSam


class EncoderProgram(nn.Module):
    """(1, 3, H, W) RGB 0..255 to mask features, then the values that each decoder layer reads."""

    def __init__(self, network: SemanticSam) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The tensors of ``ImageMemory``, in its order."""
        memory = self.network.encode(image)
        return memory.mask_features, *memory.values


class DecoderProgram(nn.Module):
    """What the encoder gave, and N prompts, to mask logits, boxes and scores of the last layer."""

    def __init__(self, network: SemanticSam, memory: ImageMemory) -> None:
        super().__init__()
        self.decoder, self.shapes = network.mask_decoder, memory.shapes

    def forward(self, features: tuple[Tensor, ...], reference: Tensor, flag: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``reference`` (1, N, 4) cxcywh in 0..1 of the padded input, ``flag`` (1, N) long; see ``Predictions``."""
        empty = reference.new_zeros(*reference.shape[:2], 0, 2)
        prompts = PromptBatch(reference, flag, empty, flag.new_zeros(*flag.shape, 0))
        last = self.decoder(ImageMemory(features[0], features[1:], self.shapes), prompts)[-1]
        return last.masks, last.boxes, last.scores


@torch.no_grad()
def export_programs(network: SemanticSam, height: int, width: int) -> tuple[ExportedProgram, ExportedProgram]:
    """Encoder and decoder for inputs of (height, width) pixels and any number of prompts.

    BadInput for a network that takes prompt tokens: which of them are in use decides what its decoder runs.
    """
    if network.config.mask_decoder.prompt_tokens:
        raise BadInput(f"the decoder of {network.config.name} cannot be exported: its prompts are not boxes alone")
    image = network.mean.new_zeros(1, 3, height, width)
    memory = network.encode(image)
    features = (memory.mask_features, *memory.values)
    prompts = image.new_full((1, 2, 4), 0.5), torch.zeros(1, 2, dtype=torch.long, device=image.device)
    # Once for real: the constants of these shapes are kept then, and tracing finds numbers where it could make none.
    network.mask_decoder(memory, PromptBatch.of_boxes(prompts[0]))
    sizes = ((None,) * len(features), {1: Dim.AUTO}, {1: Dim.AUTO})
    encoder = export(EncoderProgram(network).eval(), (image,))
    return encoder, export(DecoderProgram(network, memory).eval(), (features, *prompts), dynamic_shapes=sizes)
