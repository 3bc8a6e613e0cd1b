"""Image encoders: from a normalised image to features at strides 4, 8, 16 and 32."""

from torch import nn

from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.image_encoder.conv import ConvEncoder
from semsam_annotate.model.image_encoder.swin import SwinTransformer


def build_image_encoder(config: ModelConfig) -> nn.Module:
    """The encoder that the configuration names."""
    return ConvEncoder(config.conv) if config.encoder == "conv" else SwinTransformer(config.swin)


__all__ = ["ConvEncoder", "SwinTransformer", "build_image_encoder"]
