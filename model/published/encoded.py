"""An encoded image as the published demo asks it: prompts relative to the input, masks at the input's resolution."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE, Frame, check_image, to_input
from semsam_annotate.model.mask_decoder import ImageMemory, Predictions, PromptBatch
from semsam_annotate.model.network import SemanticSam

CLICK_SIZE = 0.005
DEFAULT_CLICK = (0.5, 0.5, 0.006, 0.006)
"""What the published predictor asks when it is given no point."""


@dataclass(frozen=True)
class EncodedInput:
    """Features of one input; ``size`` (height, width) of the input without its padding."""

    network: SemanticSam
    memory: ImageMemory
    size: tuple[int, int]

    @classmethod
    @torch.no_grad()
    def of(cls, network: SemanticSam, pixels: Tensor) -> "EncodedInput":
        """From (3, H, W) RGB 0..255, taken as it is."""
        if pixels.ndim != 3 or pixels.shape[0] != 3 or not pixels.numel():
            raise BadInput(f"an input is (3, height, width) RGB, not {tuple(pixels.shape)}")
        size = int(pixels.shape[1]), int(pixels.shape[2])
        return cls(network, network.encode(pixels[None].to(network.mean.device)), size)

    @classmethod
    def of_image(cls, network: SemanticSam, image: RgbImage) -> "EncodedInput":
        """From an (H, W, 3) uint8 RGB image, resized as the network's configuration says."""
        check_image(image)
        frame = Frame.of(image.shape[0], image.shape[1], network.config.input)
        return cls.of(network, to_input(image, frame)[0])

    @property
    def padded(self) -> tuple[int, int]:
        """(height, width) of the padded input."""
        rows, columns = self.memory.mask_features.shape[-2:]
        return rows * MASK_STRIDE, columns * MASK_STRIDE

    @torch.no_grad()
    def decode(
        self, prompts: Tensor, flag: int = 0, mutual: bool = True, every_layer: bool = False
    ) -> list[Predictions]:
        """Answers of the last layer, or of every layer, first to last.

        ``prompts`` (N, 4): cxcywh in 0..1 of the input without its padding. ``flag``: the point/box embedding, 0 in the
        published demo, for boxes too. ``mutual``: prompts that are decoded together see each other in self-attention,
        as they do in the published demo.
        """
        (height, width), (high, wide) = self.size, self.padded
        share = prompts.new_tensor([width / wide, height / high] * 2)
        batch = PromptBatch.of_boxes((prompts * share)[None], flag).to(self.memory.mask_features.device)
        answers: list[Predictions] = self.network.mask_decoder(self.memory, batch, every_layer, mutual)
        return answers

    def at_input(self, logits: Tensor) -> Tensor:
        """(M, H, W) logits at input resolution from (M, h, w) at stride 4 of the padded input."""
        height, width = self.size
        full = F.interpolate(logits[None], self.padded, mode="bilinear", align_corners=False)[0]
        return full[:, :height, :width]


def as_prompts(points: Sequence[tuple[float, float]]) -> Tensor:
    """(N, 4) float32 prompts of N clicks (x, y) in 0..1 of the input: boxes of the published click size."""
    return torch.tensor([(x, y, CLICK_SIZE, CLICK_SIZE) for x, y in points], dtype=torch.float32).view(-1, 4)
