"""All losses of a batch as one forward, which is what DDP and FSDP wrap."""

import torch
from torch import Tensor, nn

from semsam_annotate.model.mask_decoder import ImageMemory
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.pixel_decoder import PixelFeatures
from semsam_annotate.model.precision import convolution_format, multiplies_bf16
from semsam_annotate.training.batch import Batch
from semsam_annotate.training.class_loss import class_losses
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.corrections import add_corrections, detached
from semsam_annotate.training.counts import Counts, asked
from semsam_annotate.training.criterion import Criterion, Truth
from semsam_annotate.training.generic import GenericCriterion, name_logits, named_targets
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.points import Rand
from semsam_annotate.training.targets import Targets

ENCODERS = ("image_encoder.", "pixel_decoder.")


def learned(name: str, learn: str) -> bool:
    """Whether the parameter of a name is trained under this ``schedule.learn``."""
    return learn == "all" or not name.startswith(ENCODERS)


class TrainingLosses(nn.Module):
    """Network and criteria; a batch in, the weighted total and every unweighted loss out."""

    def __init__(self, network: SemanticSam, config: TrainConfig, names: NameIndex) -> None:
        super().__init__()
        self.network, self.config, self.names = network, config, names
        self.criterion = Criterion(config.criterion)
        self.generic = GenericCriterion(config.criterion, config.generic)

    def forward(self, batch: Batch, rand: Rand, counts: Counts) -> tuple[Tensor, dict[str, Tensor]]:
        """Losses of some images of a step, corrective clicks included, divided by the ``counts`` of all of them.

        So the totals of all parts of a step sum to that of the step. Every trained weight takes part, if only with a
        zero: processes then agree on which weights have a gradient, whatever is in their images.
        """
        device = self.network.mean.device
        point_size, decoder = self.network.config.input.point_size, self.network.mask_decoder
        images = batch.images.to(device).contiguous(memory_format=convolution_format(device.type))
        pixels = self._features(images, batch.shown.to(device))
        memory = decoder.remember(pixels.mask_features, pixels.levels)
        batch = add_corrections(decoder, detached(memory), batch, self.config.prompts, point_size, rand)
        layers = decoder(memory, batch.prompts.to(device), every_layer=True)
        targets = batch.targets.to(device)
        truth = Truth.of(targets, self.config.criterion.truth_stride, layers[-1].masks.shape[-2:])
        losses, matched = self.criterion(layers, targets, rand, counts, truth)
        null = self.config.criterion.null_share
        losses |= class_losses(self.network, layers[-1], targets, matched, self.names, null, rand, counts)
        total = self.criterion.total(losses)
        generic = self._generic_losses(memory, targets, truth, rand, counts)
        if generic:
            total = total + self.generic.total(generic)
        return total + self._zero(), {name: value.detach() for name, value in (losses | generic).items()}

    def asked(self, targets: Targets) -> Tensor:
        """(8,) what the losses of a batch are divided by, to be summed over the parts of a step; see ``Counts``."""
        config, decoder = self.config, self.network.config.mask_decoder
        seen = (self.names.object_counts, self.names.part_counts)
        wanted = named_targets(targets, config.generic.parts) if config.generic.queries else []
        return asked(
            targets, decoder.granularities, config.criterion.many_to_one, seen, wanted, decoder.generic_queries
        )

    def _features(self, images: Tensor, shown: Tensor) -> PixelFeatures:
        """Features in single precision, whatever they were computed in."""
        learning = torch.is_grad_enabled() and self.config.schedule.learn == "all"
        half = self.config.bf16 and multiplies_bf16(images.device.type)
        with torch.autocast(images.device.type, torch.bfloat16, half), torch.set_grad_enabled(learning):
            pixels = self.network.features(images, shown)
        return PixelFeatures(pixels.mask_features.float(), tuple(level.float() for level in pixels.levels))

    def _generic_losses(
        self, memory: ImageMemory, targets: Targets, truth: Truth, rand: Rand, counts: Counts
    ) -> dict[str, Tensor]:
        if not self.config.generic.queries:
            return {}
        layers = self.network.mask_decoder.generic(memory, every_layer=True)
        found = [name_logits(self.network, layer, self.names) for layer in layers]
        return self.generic(found, targets, rand, counts, truth)

    def _zero(self) -> Tensor:
        """Nothing, of all weights that a batch may leave unused; the encoders' are used by every image."""
        parameters = self.network.named_parameters()
        sums = [value.sum() for name, value in parameters if value.requires_grad and not name.startswith(ENCODERS)]
        return 0 * torch.stack(sums).sum()
