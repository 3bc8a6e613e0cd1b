"""Settings of how a run goes: steps and rates, processes, the guard, what there is to watch."""

from dataclasses import dataclass
from typing import Literal

from semsam_annotate.api import BadInput


@dataclass(frozen=True)
class ScheduleConfig:
    """How long and how fast."""

    steps: int = 5000
    batch: int = 8
    lr: float = 8e-4
    warmup: int = 200
    decay: float = 0.35
    """Share of the steps, the last ones, over which the learning rate falls to zero along a cosine."""
    weight_decay: float = 0.05
    clip: float = 1.0
    encoder_lr: float = 1.0
    """Factor for the image encoder (the published recipe has 0.1 on a pretrained one)."""
    size: int = 256
    final_size: int = 0
    """Side of the training crops during the last ``final_share`` of the steps; 0 keeps ``size``."""
    final_share: float = 0.2
    freeze_norms: bool = False
    """Keep batch statistics as they are (fine-tuning on little data)."""
    learn: Literal["all", "decoder"] = "all"
    """Everything; or the mask decoder, class heads and text tower, on features that stay as they are."""
    accumulate: int = 1
    """Parts that a process works its share of the batch off in, one after the other: less memory, same gradient."""
    ema: float = 0.0
    """Decay of a moving average of the weights, such as 0.999, which is saved as the model; 0 saves the last ones."""

    def __post_init__(self) -> None:
        if self.accumulate < 1 or self.batch < self.accumulate:
            raise BadInput(f"schedule.accumulate is 1 to schedule.batch ({self.batch}), not {self.accumulate}")
        if not 0 <= self.ema < 1:
            raise BadInput(f"schedule.ema is 0 (none) to below 1, not {self.ema}")


@dataclass(frozen=True)
class ParallelConfig:
    """How several processes (started by torchrun) share a run; one process needs none of it."""

    method: Literal["ddp", "fsdp"] = "ddp"
    """Every process holds the network, or a part of its weights, gradients and moments."""
    sync_norms: bool = True
    """On GPUs batch norms see the images of all processes; elsewhere each process has its own statistics."""


@dataclass(frozen=True)
class GuardConfig:
    """What happens when a step goes wrong: its loss or gradient is not finite, or its loss leaps."""

    action: Literal["skip", "stop"] = "skip"
    """Leave the step out and go on, or end the run; either names the batch, and the weights stay as they were."""
    spike: float = 0.0
    """A loss above this many times the median of the last ``window`` losses is a leap; 0 looks for no leaps."""
    window: int = 100
    most_skips: int = 20
    """Steps in a row that may be left out; one more ends the run, since then the network itself is broken."""

    def __post_init__(self) -> None:
        if self.spike and self.spike <= 1:
            raise BadInput(f"guard.spike is a factor above 1, or 0 for none, not {self.spike}")
        if self.window < 2 or self.most_skips < 0:
            raise BadInput("guard.window is at least 2 and guard.most_skips at least 0")


@dataclass(frozen=True)
class WatchConfig:
    """The live page of a run: figures, curves, and ladders of pictures that training never sees."""

    every: int = 0
    """Steps between two pages of figures and curves; 0 draws none."""
    ladders: int = 0
    """Clicks on the sheet of ladders, which every checkpoint draws anew; 0 draws none."""
    packs: tuple[str, ...] = ()
    """Packs or shards of validation pictures for the sheet; left out, generated scenes that training never draws."""
