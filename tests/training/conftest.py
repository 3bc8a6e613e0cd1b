"""A network of a few thousand weights and a pack of a few pictures, to train for a few steps."""

import multiprocessing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from semsam_annotate.model.checkpoints.weights import CheckpointCard, save_checkpoint
from semsam_annotate.model.config import ConvEncoderConfig, ModelConfig, semsam_tiny
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.config import DataConfig, GenericConfig, PromptConfig, ScheduleConfig, TrainConfig
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.scenes import generate

TINY = semsam_tiny()
NETWORK: ModelConfig = replace(
    TINY,
    name="tiniest",
    conv=ConvEncoderConfig(stem=8, widths=(8, 16, 16, 16), blocks=(1, 1, 0, 0)),
    pixel_decoder=replace(TINY.pixel_decoder, dim=64, heads=2, ffn=32),
    mask_decoder=replace(TINY.mask_decoder, layers=2, heads=2, ffn=32, text_dim=16),
)


@dataclass(frozen=True)
class Entry:
    """What ``write_pack`` reads of an image."""

    sample: TrainingImage
    source: str
    license_class: str = "redistributable"

    def __len__(self) -> int:
        return len(self.sample)

    def load(self, _max_side: int) -> TrainingImage:
        return self.sample


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A checkpoint file of the tiny network."""
    torch.manual_seed(0)
    start = tmp_path_factory.mktemp("start") / "start.safetensors"
    save_checkpoint(SemanticSam(NETWORK), CheckpointCard(NETWORK, (1, 2, 3, 4, 5, 6)), start)
    return start


@pytest.fixture(scope="session")
def pack_of(tmp_path_factory):
    """A pack with two generated pictures of every source."""

    def make(*sources: str) -> Path:
        path = tmp_path_factory.mktemp("pack") / "tiny.pack"
        seeds = range(100, 100 + 2 * len(sources))
        write_pack([Entry(generate(seed, 64), sources[seed % len(sources)]) for seed in seeds], path)
        return path

    return make


@pytest.fixture(scope="session")
def tiny_run(tiny_weights, pack_of) -> TrainConfig:
    """Six steps with four images each of both branches, in single precision, batch statistics as they are."""
    return TrainConfig(
        model=str(tiny_weights),
        workers=0,
        threads=1,
        bf16=False,
        checkpoint_every=2,
        data=DataConfig(packs=(str(pack_of("photos", "drawings")),), scenes=0.0),
        prompts=PromptConfig(count=3, corrections=1),
        generic=GenericConfig(queries=5),
        schedule=ScheduleConfig(steps=6, batch=4, size=64, warmup=2, freeze_norms=True),
    )


@pytest.fixture(scope="session")
def children():
    """Starts processes in which everything is imported already, which takes longer than what the tests do."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["semsam_annotate.training.loop", "torch._dynamo", "torch.distributed.fsdp"])
    return context
