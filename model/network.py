"""Semantic-SAM (arXiv 2307.04767): image encoder, pixel decoder, mask decoder, class heads, text tower."""

from torch import Tensor, nn, tensor
from torch.nn import functional as F

from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.image_encoder import build_image_encoder
from semsam_annotate.model.mask_decoder import ClassHeads, ImageMemory, MaskDecoder
from semsam_annotate.model.pixel_decoder import PixelDecoder, PixelFeatures
from semsam_annotate.model.ranking import Ranker
from semsam_annotate.model.text import build_text_tower

STRIDE = 32
"""Inputs are padded right and below to a multiple of this."""


class SemanticSam(nn.Module):
    """The whole network, of any size that a ``ModelConfig`` describes."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        dim, decoder = config.pixel_decoder.dim, config.mask_decoder
        self.image_encoder = build_image_encoder(config)
        self.pixel_decoder = PixelDecoder(config.pixel_decoder, config.encoder_widths)
        self.mask_decoder = MaskDecoder(decoder, dim, config.pixel_decoder.levels)
        self.class_heads = ClassHeads(dim, decoder.text_dim)
        self.text_tower = build_text_tower(config)
        self.ranker = None if config.ranker is None else Ranker(config.ranker, decoder.granularities)
        self.register_buffer("mean", _channels(config.input.mean), persistent=False)
        self.register_buffer("std", _channels(config.input.std), persistent=False)

    def normalise(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) RGB 0..255 to the encoder's input, zero-padded right and below after normalising."""
        height, width = images.shape[-2:]
        scaled = (images.float() - self.mean) / self.std
        return F.pad(scaled, (0, -width % STRIDE, 0, -height % STRIDE))

    def features(self, images: Tensor, shown: Tensor | None = None) -> PixelFeatures:
        """Mask and multi-scale features of (B, 3, H, W) RGB images, 0..255.

        ``shown`` (B, 4): where the picture is in what is given, edges x0, y0, x1, y1 in 0..1; everywhere when left out.
        It matters to networks whose input has ``mask_padding``.
        """
        pixels = self.normalise(images)
        shown = self._shown(images, pixels, shown) if self.config.input.mask_padding else None
        out: PixelFeatures = self.pixel_decoder(self.image_encoder(pixels), shown)
        return out

    def _shown(self, images: Tensor, pixels: Tensor, shown: Tensor | None) -> Tensor:
        """Where the picture is in the padded input."""
        share = images.new_tensor(
            [images.shape[side] / pixels.shape[side] for side in (-1, -2)] * 2, dtype=pixels.dtype
        )
        whole = share.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(images), 4)
        return (whole if shown is None else shown.to(share)) * share

    def encode(self, images: Tensor) -> ImageMemory:
        """Everything that later prompts need of the images."""
        features = self.features(images)
        return self.mask_decoder.remember(features.mask_features, features.levels)


def _channels(values: tuple[float, float, float]) -> Tensor:
    return tensor(values).view(3, 1, 1)
