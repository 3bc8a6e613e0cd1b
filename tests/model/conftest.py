"""A network of the packaged one's kind that fits into a millisecond, every weight random so that nothing is at rest."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semsam_annotate.model.checkpoints.weights import CheckpointCard, save_checkpoint
from semsam_annotate.model.config import (
    ConvEncoderConfig,
    InputConfig,
    MaskDecoderConfig,
    ModelConfig,
    PixelDecoderConfig,
    TextConfig,
)
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.local import LocalEngine
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.network import SemanticSam

SMALL = ModelConfig(
    name="small",
    encoder="conv",
    conv=ConvEncoderConfig(stem=8, widths=(8, 16, 16, 16), blocks=(1, 1, 1, 1)),
    pixel_decoder=PixelDecoderConfig(dim=64, layers=1, heads=2, points=2, ffn=32),
    mask_decoder=MaskDecoderConfig(
        layers=2, heads=2, points=2, ffn=32, text_dim=16, scores=2, prompt_tokens=True, part_head=True
    ),
    text=TextConfig(buckets=64, width=8, hidden=8),
    input=InputConfig(side=64, resize="longer", point_size=0.1),
)
LEVELS = (3, 5, 2, 1, 4, 6)


def _network(seed: int = 0, config: ModelConfig = SMALL) -> SemanticSam:
    torch.manual_seed(seed)
    network = SemanticSam(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return network.requires_grad_(False)


def _card(objects=("car", "cat"), parts=("wheel",), config: ModelConfig = SMALL) -> CheckpointCard:
    return CheckpointCard(config, LEVELS, tuple(objects), tuple(parts), {"steps": 1})


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other in networks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def small() -> ModelConfig:
    """The configuration of the small network."""
    return SMALL


@pytest.fixture
def network_of() -> Callable[..., SemanticSam]:
    """Networks by seed."""
    return _network


@pytest.fixture
def weights_of(tmp_path: Path) -> Callable[..., Path]:
    """Weights files of random networks by seed."""

    def write(seed: int = 0, **names: tuple[str, ...]) -> Path:
        path = tmp_path / f"weights{seed}.safetensors"
        save_checkpoint(_network(seed), _card(**names), path)
        return path

    return write


@pytest.fixture
def engine_of() -> Callable[..., LocalEngine]:
    """Engines on random networks, nothing cached on disk unless asked for."""

    def make(seed: int = 0, config: ModelConfig = SMALL, **settings: object) -> LocalEngine:
        model = LoadedModel(_network(seed, config), _card(config=config), f"v{seed}", torch.device("cpu"))
        return LocalEngine(lambda: model, replace(EngineSettings(), **settings))

    return make


@pytest.fixture
def photo() -> np.ndarray:
    """(60, 80, 3): a disc on a ring on a gradient."""
    rows, columns = np.mgrid[:60, :80]
    away = np.hypot(rows - 30, columns - 44)
    photo = np.stack([rows * 2, columns * 2, rows + columns], -1).astype(np.uint8)
    photo[away < 20] = (200, 60, 40)
    photo[away < 8] = (20, 220, 90)
    return photo
