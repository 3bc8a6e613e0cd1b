"""A network with its card, ready to answer on a device."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint
from semsam_annotate.model.network import SemanticSam

KEPT_VOCABULARIES = 16


@dataclass
class LoadedModel:
    """Network, card and version; remembers the text embeddings of the last vocabularies."""

    network: SemanticSam
    card: CheckpointCard
    version: str
    device: torch.device
    _texts: "OrderedDict[tuple[str, ...], Tensor]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, path: Path, device: str) -> "LoadedModel":
        """Load a checkpoint file to a device ("auto": a GPU when there is one)."""
        network, card, version = load_checkpoint(path)
        chosen = choose_device(device)
        return cls(network.to(chosen).requires_grad_(False), card, version, chosen)

    @property
    def name(self) -> str:
        """Name of the configuration."""
        return self.card.config.name

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the network can do, and which heads were trained."""
        prompts = ("points", "box") if self.card.config.mask_decoder.prompt_tokens else ("point",)
        labels = [
            name for name, words in (("object_labels", self.card.objects), ("part_labels", self.card.parts)) if words
        ]
        return (*prompts, "auto", *(("segment",) if self.has_generic_branch else ()), *labels)

    @property
    def has_generic_branch(self) -> bool:
        """Whether it finds everything of a vocabulary without a prompt."""
        return self.network.mask_decoder.generic_queries is not None and self.network.text_tower is not None

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with the trained names marked."""
        trained = {*self.card.objects, *self.card.parts}
        return vocabulary.with_known(trained & {*vocabulary.objects, *vocabulary.parts})

    def text(self, names: tuple[str, ...]) -> Tensor | None:
        """(V, text_dim) embeddings of names, None when there are none or the model has no text tower."""
        if not names or self.network.text_tower is None:
            return None
        with self._lock:
            if names not in self._texts:
                self._texts[names] = self.network.text_tower(names)
            self._texts.move_to_end(names)
            while len(self._texts) > KEPT_VOCABULARIES:
                self._texts.popitem(last=False)
            return self._texts[names]


def choose_device(device: str) -> torch.device:
    """The device of a name; "auto" takes a GPU when there is one. BadInput for one that is not there."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise BadInput(f"device {device!r} is not available here; try 'auto' or 'cpu'") from error
    return chosen
