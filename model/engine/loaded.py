"""A network with its card, ready to answer on a device."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from semsam_annotate.api import BadInput, CancelToken, RgbImage, Vocabulary
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint
from semsam_annotate.model.engine.interruption import CancelPoints, unless_cancelled
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.pixel_decoder import PixelFeatures
from semsam_annotate.model.precision import multiplies_bf16
from semsam_annotate.model.ranking import Regions, find_regions

KEPT_VOCABULARIES = 16
Precision: TypeAlias = Literal["fp32", "bf16"]
"""Numbers that an image is encoded in; prompts are always answered in fp32."""


@dataclass
class LoadedModel:
    """Network, card and version; remembers the text embeddings of the last vocabularies.

    ``precision``: "bf16" encodes images in half of the time where the processor multiplies such numbers (AMX,
    AVX512-BF16, a GPU), and changes nothing on processors that do not; of the pixels of masks at least 99.5 % stay.
    """

    network: SemanticSam
    card: CheckpointCard
    version: str
    device: torch.device
    precision: Precision = "fp32"
    _texts: "OrderedDict[tuple[str, ...], Tensor]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cpu: "LoadedModel | None" = None

    def __post_init__(self) -> None:
        self.cancel_points = CancelPoints(self.network)

    @classmethod
    def read(cls, path: Path, device: str, precision: str = "fp32") -> "LoadedModel":
        """Load a checkpoint file to a device ("auto": a GPU when there is one)."""
        numbers = checked_precision(precision)
        network, card, version = load_checkpoint(path)
        chosen = choose_device(device)
        return cls(network.to(chosen).requires_grad_(False), card, version, chosen, numbers)

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
        prompts = ("points", "box") if self.takes_several else ("point",)
        labels = [
            name for name, words in (("object_labels", self.card.objects), ("part_labels", self.card.parts)) if words
        ]
        part = ("part_probability",) if self.card.config.mask_decoder.part_head and self.card.parts else ()
        named = ("text",) if labels else ()
        taken = ("mask",) if self.takes_masks else ()
        whole = ("auto", "segment") if self.has_generic_branch else ("auto",)
        return (*prompts, *taken, *named, *whole, *labels, *part)

    @property
    def takes_several(self) -> bool:
        """Whether the network reads several clicks, or clicks and a box, at once; else a rule combines them."""
        return self.card.config.mask_decoder.prompt_tokens

    @property
    def takes_masks(self) -> bool:
        """Whether the network was trained to see the mask of the round before; else a rule honours it."""
        config = self.card.trained.get("config", {})
        return self.takes_several and bool(config.get("prompts", {}).get("previous"))

    @property
    def has_generic_branch(self) -> bool:
        """Whether it finds everything of a vocabulary without a prompt."""
        return self.network.mask_decoder.generic_queries is not None and self.network.text_tower is not None

    def on_cpu(self) -> "LoadedModel":
        """A copy on the CPU, made once: for when the device has no memory left."""
        with self._lock:
            if self._cpu is None:
                network = SemanticSam(self.card.config).eval().requires_grad_(False)
                network.load_state_dict(self.network.state_dict())
                self._cpu = LoadedModel(network, self.card, self.version, torch.device("cpu"))
            return self._cpu

    def features(self, pixels: Tensor) -> PixelFeatures:
        """Encode a padded (B, 3, H, W) batch of pixels 0..255."""
        half = self.precision == "bf16" and multiplies_bf16(self.device.type)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            return self.network.features(pixels)

    def regions(self, pixels: RgbImage, cancel: CancelToken | None = None) -> Regions | None:
        """Regions of (h, w, 3) uint8 RGB at the size of the network's input, where the model has them as rungs."""
        ranker = self.card.config.ranker
        return None if ranker is None else find_regions(pixels, unless_cancelled(ranker.scales, cancel), ranker.fine)

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


def checked_precision(precision: str) -> Precision:
    """One of the known precisions; BadInput otherwise."""
    for known in get_args(Precision):
        if precision == known:
            return known  # type: ignore[no-any-return]
    raise BadInput(f"precision is {' or '.join(get_args(Precision))}, not {precision!r}")


def choose_device(device: str) -> torch.device:
    """The device of a name; "auto" takes a GPU when there is one. BadInput for one that is not there."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise BadInput(f"device {device!r} is not available here; try 'auto' or 'cpu'") from error
    return chosen
