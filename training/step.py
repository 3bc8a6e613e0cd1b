"""One training step."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.average import MovingAverage
from semsam_annotate.training.batch import Batch, collate
from semsam_annotate.training.checkpointing import SHARDED, recompute_layers
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.counts import Counts
from semsam_annotate.training.guard import Guard
from semsam_annotate.training.losses import TrainingLosses, learned
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.parallel import World, gradient_norm, in_step, reduce_scalars, scale_gradients, wrap
from semsam_annotate.training.points import SeededRand
from semsam_annotate.training.questions import Questions
from semsam_annotate.training.schedule import build_optimizer, learning_rate, set_learning_rate


@dataclass(frozen=True)
class Taken:
    """What a step gave: unweighted ``losses``, "total" and "norm"; ``trouble`` when the weights stayed as they were.

    ``parts``: the share of the total of every part that the batch was worked off in, all processes' in their order.
    """

    losses: dict[str, float]
    trouble: str | None
    parts: list[float]


@dataclass
class Learner:
    """Network, optimiser and criteria of a run; ``learn`` is a pure function of (state, step, questions)."""

    network: SemanticSam
    config: TrainConfig
    names: NameIndex
    world: World
    optimizer: AdamW = field(init=False)

    def __post_init__(self) -> None:
        if self.network.ranker is not None:
            self.network.ranker.requires_grad_(False)  # it is fitted to the finished network
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and learned(name, self.config.schedule.learn))
        if self.config.activation_checkpointing:
            recompute_layers(self.network)
        self.losses = TrainingLosses(self.network, self.config, self.names)
        self._wrapped = wrap(self.losses, self.config.parallel, self.world, SHARDED)
        self.optimizer = build_optimizer(self.network, self.config.schedule)
        self.average = MovingAverage(self.network, self.config.schedule.ema)
        self.guard = Guard(self.config.guard)

    def learn(self, step: int, questions: list[Questions]) -> Taken:
        """Do step ``step`` with this process's share of its questions."""
        set_learning_rate(self.optimizer, learning_rate(self.config.schedule, step))
        self._mode()
        kept = [buffer.clone() for buffer in self.network.buffers()]
        totals, losses = self._gradients(step, questions)
        found, parts = self._summed(losses, totals)
        norm = gradient_norm(self.network.parameters())
        trouble = self.guard.judge(found["total"], norm)
        if trouble is None:
            self._update(step, norm)
        else:
            for buffer, before in zip(self.network.buffers(), kept, strict=True):
                buffer.copy_(before)
        return Taken(found | {"norm": norm}, trouble, parts)

    def _gradients(self, step: int, questions: list[Questions]) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Gradients of the whole step; totals of this process's parts, and its share of every loss."""
        point_size = self.network.config.input.point_size
        places = self.world.places(self.config.schedule.batch, self.config.schedule.accumulate)
        start = places[0].start
        batches = [collate([questions[place - start] for place in part], self.names, point_size) for part in places]
        counts = Counts.of(self.world.sum(torch.stack([self.losses.asked(one.targets) for one in batches]).sum(0)))
        self.optimizer.zero_grad(set_to_none=True)
        totals: list[Tensor] = []
        losses: dict[str, Tensor] = {}
        for batch, part in zip(batches, places, strict=True):
            total, found = self._part(step, batch, part.start, counts, last=part is places[-1])
            totals.append(total)
            losses = {name: losses.get(name, 0) + value for name, value in found.items()}
        reduce_scalars(self.losses, self.world)
        return totals, losses

    def _part(
        self, step: int, batch: Batch, first: int, counts: Counts, last: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Forward and backward of the images from place ``first`` of the batch on."""
        device, key = self.world.device, (self.config.seed, step)
        with torch.random.fork_rng([device] if device.type == "cuda" else []), in_step(self._wrapped, last):
            torch.manual_seed(int(np.random.SeedSequence((*key, first)).generate_state(1)[0]))
            total, losses = self._wrapped(batch, SeededRand(key, device, first), counts)
            # Gradients are averaged over processes, but losses are shares of one sum.
            torch.autograd.backward(total * self.world.size)
        return total.detach(), losses

    def _summed(self, losses: dict[str, Tensor], totals: list[Tensor]) -> tuple[dict[str, float], list[float]]:
        """Losses of the whole step, its "total" too, and the total of every part of every process."""
        names = sorted(losses)
        parts = torch.zeros(self.world.size, len(totals), device=self.world.device)
        parts[self.world.rank] = torch.stack(totals)
        summed = self.world.sum(torch.cat([torch.stack([losses[name] for name in names]), parts.flatten()])).tolist()
        every = summed[len(names) :]
        return dict(zip(names, summed, strict=False)) | {"total": sum(every)}, every

    def _update(self, step: int, norm: float) -> None:
        clip = self.config.schedule.clip
        if norm > clip:
            scale_gradients(self.network.parameters(), clip / norm)
        self.optimizer.step()
        self.average.update(self.network, step)

    def _mode(self) -> None:
        self.network.train()
        if self.config.schedule.freeze_norms or self.config.schedule.learn != "all":
            for module in self.network.image_encoder.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
