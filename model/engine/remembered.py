"""What a project's accepted masks say about the masks of one image."""

from dataclasses import dataclass

from torch import Tensor

from semsam_annotate.model.engine.mask_vectors import Rows, VectorMaker
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.prototypes import PrototypeMemory, Votes, gather_votes


@dataclass(frozen=True)
class Remembered:
    """A memory, and the vectors of one image's masks to ask it with."""

    memory: PrototypeMemory
    maker: VectorMaker

    def votes(self, predictions: Predictions, rows: Rows, logits: Tensor) -> list[Votes] | None:
        """Of masks (M, h, w) at stride 4, ``rows`` their states out of (N, K); None while nothing is remembered."""
        if not len(logits) or not len(self.memory):
            return None
        return gather_votes(self.memory, self.maker.of_proposals(predictions, rows, logits > 0))
