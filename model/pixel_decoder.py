"""Pixel decoder: multi-scale deformable encoder, then mask features at stride 4 (Mask DINO, section 3.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.config import PixelDecoderConfig
from semsam_annotate.model.layers.deformable_attention import DeformableAttention, Shapes
from semsam_annotate.model.layers.dense import Dense
from semsam_annotate.model.layers.kept import Kept
from semsam_annotate.model.layers.position import encode_grid


@dataclass(frozen=True)
class PixelFeatures:
    """``mask_features`` (B, dim, H / 4, W / 4); ``levels``: maps (B, dim, h, w) at strides 8, 16, 32, 64."""

    mask_features: Tensor
    levels: tuple[Tensor, ...]


class PixelDecoder(nn.Module):
    """Encoder maps in, mask features and multi-scale features out."""

    def __init__(self, config: PixelDecoderConfig, widths: tuple[int, ...]) -> None:
        super().__init__()
        dim = config.dim
        inputs = [nn.Conv2d(width, dim, 1) for width in widths[1:]]
        inputs += [nn.Conv2d(widths[-1], dim, 3, 2, 1) for _ in range(config.levels - len(inputs))]
        self.input_proj = nn.ModuleList(nn.Sequential(conv, nn.GroupNorm(32, dim)) for conv in inputs)
        self.level_embed = nn.Parameter(torch.randn(config.levels, dim))
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self._places: Kept[tuple[Tensor, Tensor]] = Kept()
        self.lateral = NormedConv(widths[0], dim, 1)
        self.output = NormedConv(dim, dim, 3)
        self.mask_features = nn.Conv2d(dim, dim, 1)
        for conv in (*inputs, self.mask_features):
            nn.init.xavier_uniform_(conv.weight)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def forward(self, features: list[Tensor], shown: Tensor | None = None) -> PixelFeatures:
        """Encoder maps at strides 4, 8, 16, 32 to mask and multi-scale features.

        ``shown`` (B, 4): edges x0, y0, x1, y1 of the picture in 0..1 of the input; what lies outside is blank to all
        that attend to it. None: nothing does.
        """
        sources = [*features[1:], *[features[-1]] * (len(self.input_proj) - 3)]
        maps = [project(source) for project, source in zip(self.input_proj, sources, strict=True)]
        maps = self._encode(maps, shown)
        finest = F.interpolate(maps[0], features[0].shape[-2:], mode="bilinear", align_corners=False)
        merged = F.relu(self.output(self.lateral(features[0]) + finest))
        return PixelFeatures(self.mask_features(merged), tuple(maps))

    def _encode(self, maps: list[Tensor], shown: Tensor | None) -> list[Tensor]:
        shapes = [(int(level.shape[-2]), int(level.shape[-1])) for level in maps]
        tokens = torch.cat([level.flatten(2).transpose(1, 2) for level in maps], 1)
        codes, reference = self._places.get((tuple(shapes), tokens.device), lambda: _places(shapes, tokens))
        lengths = [h * w for h, w in shapes]
        embeds = zip(codes.split(lengths), self.level_embed, strict=True)
        position = torch.cat([code + embed for code, embed in embeds])
        seen = None if shown is None else inside(reference, shown).to(tokens.dtype)
        for layer in self.layers:
            tokens = layer(tokens, position, reference.expand(tokens.shape[0], -1, -1), shapes, seen)
        tokens = tokens if seen is None else tokens * seen
        parts = tokens.split(lengths, 1)
        return [
            part.transpose(1, 2).reshape(part.shape[0], -1, *shape) for part, shape in zip(parts, shapes, strict=True)
        ]


class EncoderLayer(nn.Module):
    """Deformable self-attention and a feed-forward, each followed by a layer norm."""

    def __init__(self, config: PixelDecoderConfig) -> None:
        super().__init__()
        dim = config.dim
        self.self_attn = DeformableAttention(dim, config.heads, config.levels, config.points)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.linear1, self.linear2 = Dense(dim, config.ffn), Dense(config.ffn, dim)
        for layer in (self.linear1, self.linear2):
            nn.init.xavier_uniform_(layer.weight)

    def forward(
        self, tokens: Tensor, position: Tensor, reference: Tensor, shapes: Shapes, seen: Tensor | None = None
    ) -> Tensor:
        """(B, S, dim) to the same shape; of tokens where ``seen`` (B, S, 1) is 0 nothing is read."""
        values = self.self_attn.project_values(tokens if seen is None else tokens * seen, shapes)
        tokens = self.norm1(tokens + self.self_attn(tokens + position, reference, values, shapes))
        out: Tensor = self.norm2(tokens + self.linear2(self.linear1(tokens, "relu")))
        return out


class NormedConv(nn.Module):
    """Convolution without bias, then a group norm."""

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.GroupNorm(32, after)
        nn.init.kaiming_uniform_(self.conv.weight, a=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H, W)."""
        out: Tensor = self.norm(self.conv(x))
        return out


def _places(shapes: Shapes, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """(S, dim) position codes of the pixels of all levels, and their (1, S, 2) centres."""
    codes = [encode_grid(height, width, tokens.shape[-1], tokens.device) for height, width in shapes]
    return torch.cat(codes), pixel_centres(shapes, tokens.device)


def inside(places: Tensor, edges: Tensor) -> Tensor:
    """(B, S, 1) bool: which (1, S, 2) places x, y lie within (B, 4) edges x0, y0, x1, y1."""
    return ((places >= edges[:, None, :2]) & (places < edges[:, None, 2:])).all(-1, keepdim=True)


def pixel_centres(shapes: Shapes, device: torch.device) -> Tensor:
    """(1, S, 2) centres (x, y) in 0..1 of the pixels of all levels."""
    grids = []
    for height, width in shapes:
        y = (torch.arange(height, dtype=torch.float32, device=device) + 0.5) / height
        x = (torch.arange(width, dtype=torch.float32, device=device) + 0.5) / width
        grids.append(torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).flatten(0, 1))
    return torch.cat(grids)[None]
