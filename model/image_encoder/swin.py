"""Swin transformer (Liu et al. 2021) as a dense feature extractor, window padding un-masked as in detection use."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.config import SwinConfig
from semsam_annotate.model.image_encoder.window_attention import WindowAttention, WindowPlan
from semsam_annotate.model.layers.dense import Dense
from semsam_annotate.model.layers.kept import Kept


class SwinTransformer(nn.Module):
    """Four stages at strides 4, 8, 16, 32; each output has its own layer norm, the next stage gets it un-normed."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(config.embed_dim)
        rates = torch.linspace(0, config.drop_path, sum(config.depths), device="cpu").tolist()
        stages: list[Stage] = []
        for stage, (depth, heads) in enumerate(zip(config.depths, config.heads, strict=True)):
            dim, start = config.embed_dim * 2**stage, sum(config.depths[:stage])
            last = stage == len(config.depths) - 1
            stages.append(Stage(dim, depth, heads, config.window, rates[start : start + depth], not last))
            self.add_module(f"norm{stage}", nn.LayerNorm(dim))
        self.layers = nn.ModuleList(stages)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to four maps (B, C, H / stride, W / stride), finest first."""
        x = self.patch_embed(image)
        features = []
        for index, stage in enumerate(self.layers):
            assert isinstance(stage, Stage)
            x = stage.run_blocks(x)
            features.append(self.get_submodule(f"norm{index}")(x).permute(0, 3, 1, 2))
            x = stage.downsample(x)
        return features


class PatchEmbed(nn.Module):
    """Patches of 4x4 pixels to tokens."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 4, 4)
        self.norm = nn.LayerNorm(dim)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, ceil(H / 4), ceil(W / 4), dim)."""
        height, width = image.shape[-2:]
        padded = F.pad(image, (0, -width % 4, 0, -height % 4))
        out: Tensor = self.norm(self.proj(padded).permute(0, 2, 3, 1))
        return out


class Stage(nn.Module):
    """Blocks of one resolution, every other one shifted by half a window, then a merge of 2x2 patches."""

    def __init__(self, dim: int, depth: int, heads: int, window: int, rates: list[float], merge: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(dim, heads, window, 0 if index % 2 == 0 else window // 2, rates[index]) for index in range(depth)
        )
        self.downsample = PatchMerging(dim) if merge else nn.Identity()

    def run_blocks(self, x: Tensor) -> Tensor:
        """(B, H, W, C) to the same shape."""
        height, width = x.shape[1:3]
        tokens = x.flatten(1, 2)
        for block in self.blocks:
            tokens = block(tokens, height, width)
        out: Tensor = tokens.unflatten(1, (height, width))
        return out


class Block(nn.Module):
    """Windowed attention and a perceptron, each behind a layer norm and a stochastic depth."""

    def __init__(self, dim: int, heads: int, window: int, shift: int, drop_path: float) -> None:
        super().__init__()
        self.window, self.shift, self.drop_path = window, shift, drop_path
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, heads, window)
        self.mlp = FeedForward(dim)
        self._plans: Kept[WindowPlan] = Kept()

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """Tokens (B, height * width, C) to the same shape."""
        x = x + self._drop(self._attend(self.norm1(x), height, width))
        return x + self._drop(self.mlp(self.norm2(x)))

    def _attend(self, x: Tensor, height: int, width: int) -> Tensor:
        """Padding comes after the norm and takes part in attention; it is cropped afterwards."""
        plan = self._plans.get(
            (height, width, x.device), lambda: WindowPlan.of(height, width, self.window, self.shift, x.device)
        )
        return plan.merge(self.attn(plan.split(x), plan))

    def _drop(self, x: Tensor) -> Tensor:
        """Stochastic depth: drop the branch of whole samples while training."""
        if not self.training or not self.drop_path:
            return x
        keep = torch.rand(x.shape[0], 1, 1, device=x.device) >= self.drop_path
        return x * keep / (1 - self.drop_path)


class FeedForward(nn.Module):
    """Perceptron of one hidden layer with exact GELU."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = Dense(dim, 4 * dim), Dense(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(…, dim) to the same shape."""
        out: Tensor = self.fc2(self.fc1(x, "gelu"))
        return out


class PatchMerging(nn.Module):
    """2x2 neighbours to one token of twice the width."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * dim)
        self.reduction = Dense(4 * dim, 2 * dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) to (B, ceil(H / 2), ceil(W / 2), 2 C)."""
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        quarters = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        out: Tensor = self.reduction(self.norm(torch.cat(quarters, -1)))
        return out
