"""One training step."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import AdamW

from semsam_annotate.model.mask_decoder import ImageMemory
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.pixel_decoder import PixelFeatures
from semsam_annotate.training.batch import collate
from semsam_annotate.training.class_loss import class_losses
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.corrections import add_corrections, detached
from semsam_annotate.training.criterion import Criterion
from semsam_annotate.training.generic import GenericCriterion, name_logits
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.points import Rand, seeded_rand
from semsam_annotate.training.questions import Questions
from semsam_annotate.training.schedule import learning_rate, set_learning_rate
from semsam_annotate.training.targets import Targets


@dataclass
class Learner:
    """Network, optimiser and criterion of a run; ``learn`` is a pure function of (state, step, questions)."""

    network: SemanticSam
    optimizer: AdamW
    config: TrainConfig
    names: NameIndex
    device: torch.device

    def __post_init__(self) -> None:
        self.criterion = Criterion(self.config.criterion)
        self.generic = GenericCriterion(self.config.criterion, self.config.generic)

    def learn(self, step: int, questions: list[Questions]) -> dict[str, float]:
        """Do step ``step``; returns the losses, unweighted, and the gradient's norm."""
        set_learning_rate(self.optimizer, learning_rate(self.config.schedule, step))
        self._mode()
        losses, generic = self.losses(step, questions)
        total = self.criterion.total(losses)
        if generic:
            total = total + self.generic.total(generic)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.schedule.clip)
        if torch.isfinite(norm):
            self.optimizer.step()
        return {name: float(value.detach()) for name, value in (losses | generic).items()} | {
            "norm": float(norm),
            "total": float(total.detach()),
        }

    def losses(self, step: int, questions: list[Questions]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Unweighted losses of a batch: of its prompts, corrective clicks included, and of the generic branch."""
        config, point_size = self.config, self.network.config.input.point_size
        rand = seeded_rand(config.seed * 1_000_003 + step, self.device)
        batch = collate(questions, self.names, point_size)
        images = batch.images.to(self.device).contiguous(memory_format=torch.channels_last)
        learning = not config.schedule.freeze_features
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.bf16), torch.set_grad_enabled(learning):
            pixels = self.network.features(images)
        pixels = PixelFeatures(pixels.mask_features.float(), tuple(level.float() for level in pixels.levels))
        memory = self.network.mask_decoder.remember(pixels.mask_features, pixels.levels)
        decoder = self.network.mask_decoder
        batch = add_corrections(decoder, detached(memory), batch, config.prompts, point_size, rand)
        layers = decoder(memory, batch.prompts.to(self.device), every_layer=True)
        targets = batch.targets.to(self.device)
        losses, matched = self.criterion(layers, targets, rand)
        losses |= class_losses(
            self.network, layers[-1], targets, matched, self.names, config.criterion.null_share, rand
        )
        return losses, self._generic_losses(memory, targets, rand)

    def _generic_losses(self, memory: ImageMemory, targets: Targets, rand: Rand) -> dict[str, Tensor]:
        if not self.config.generic.queries:
            return {}
        layers = self.network.mask_decoder.generic(memory, every_layer=True)
        return self.generic([name_logits(self.network, layer, self.names) for layer in layers], targets, rand)

    def _mode(self) -> None:
        self.network.train()
        if self.config.schedule.freeze_norms or self.config.schedule.freeze_features:
            for module in self.network.image_encoder.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
