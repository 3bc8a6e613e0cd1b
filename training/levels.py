"""Which query token answers at which granularity: measured after training, written into the checkpoint."""

import torch

from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.batch import collate
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.questions import Questions


@torch.no_grad()
def measure_levels(network: SemanticSam, questions: list[Questions]) -> tuple[int, ...]:
    """Level 1 (coarsest) … K of each token, by the mean rank of its mask's area over the questions."""
    device = next(network.parameters()).device
    batch = collate(questions, NameIndex((), (), (), ()), network.config.input.point_size)
    was_training = network.training
    network.eval()
    masks = network.mask_decoder(network.encode(batch.images.to(device)), batch.prompts.to(device))[-1].masks
    network.train(was_training)
    areas = (masks > 0).flatten(3).sum(-1).flatten(0, 1).float()
    ranks = areas.argsort(1, descending=True).argsort(1).float().mean(0)
    order = ranks.argsort().tolist()
    return tuple(order.index(token) + 1 for token in range(len(order)))
