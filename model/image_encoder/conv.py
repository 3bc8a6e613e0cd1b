"""Residual convolutional image encoder (He et al. 2016, basic blocks)."""

from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.config import ConvEncoderConfig


class ConvEncoder(nn.Module):
    """Stem to stride 4, then four stages of basic blocks at strides 4, 8, 16, 32."""

    def __init__(self, config: ConvEncoderConfig) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv_bn(3, config.stem, 2), nn.ReLU(inplace=True))
        widths = (config.stem, *config.widths)
        self.stages = nn.ModuleList(
            nn.Sequential(_conv_bn(before, after, 2), nn.ReLU(inplace=True), *[BasicBlock(after) for _ in range(count)])
            for before, after, count in zip(widths[:-1], widths[1:], config.blocks, strict=True)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W), H and W multiples of 32, to four maps, finest first."""
        x = self.stem(image)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; the second norm starts at zero, so a block starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv_bn(width, width, 1), _conv_bn(width, width, 1)
        nn.init.zeros_(self.second[1].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return F.relu(x + self.second(F.relu(self.first(x))))


def _conv_bn(before: int, after: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(conv, nn.BatchNorm2d(after))
