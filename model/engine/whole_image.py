"""The part of an engine that finds everything in an image."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import torch

from semsam_annotate.api import (
    AutoSettings,
    CancelToken,
    Embedding,
    EngineInfo,
    Found,
    Progress,
    Prompt,
    RgbImage,
    Tree,
    Vocabulary,
)
from semsam_annotate.automatic import PixelSource, RgbSource, TileSettings, auto_tiled
from semsam_annotate.model.engine.auto import WholeImage
from semsam_annotate.model.engine.cache import EncodedImage
from semsam_annotate.model.engine.fallback import in_batches
from semsam_annotate.model.engine.ladder import Reading
from semsam_annotate.model.mask_decoder import Predictions

AUTO_AT_ONCE = 32
"""Clicks; a smaller batch shows its masks, and sees a cancel, sooner."""


class WholeImageEngine(ABC):
    """``auto`` and its kin, for an engine that can encode and decode."""

    def auto(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Tree:
        """Everything in the image, objects with their parts, from clicks all over it."""
        image = self._image(embedding)
        search = self._search(image, vocabulary, settings, progress, cancel)
        for _ in search.stream():
            pass
        return search.tree(image.model.capabilities)

    def auto_stream(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Iterator[Found]:
        """The masks of ``auto`` as they are found, before siblings are compared."""
        return self._search(self._image(embedding), vocabulary, settings, progress, cancel).stream()

    def auto_tiled(
        self,
        source: "PixelSource | RgbSource",
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        tiles: TileSettings | None = None,
    ) -> Tree:
        """Everything in an image of up to 20,000 x 20,000 pixels that is read tile by tile."""
        return auto_tiled(self, source, vocabulary, settings, progress, cancel, tiles)

    def _search(
        self,
        image: EncodedImage,
        vocabulary: Vocabulary | None,
        settings: AutoSettings | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> WholeImage:
        words = vocabulary or Vocabulary()

        @torch.inference_mode()
        def answer(image: EncodedImage, some: Sequence[Prompt]) -> tuple[Reading, Predictions]:
            return self._reading(image, words), self._decode(image, some, cancel)

        def decode(prompts: Sequence[Prompt]) -> Iterable[tuple[Reading, Predictions]]:
            return in_batches(image, prompts, answer, AUTO_AT_ONCE, cancel)

        return WholeImage(image.frame, decode, settings or AutoSettings(), progress, cancel)

    @property
    @abstractmethod
    def info(self) -> EngineInfo:
        """Name, version, device, number of parameters, capabilities of the current model."""

    @abstractmethod
    def encode(self, image: RgbImage, cancel: CancelToken | None = None) -> Embedding:
        """A handle of the image."""

    @abstractmethod
    def _image(self, embedding: Embedding) -> EncodedImage:
        """The encoded image of a handle."""

    @abstractmethod
    def _reading(self, image: EncodedImage, vocabulary: Vocabulary) -> Reading:
        """How predictions on an image are read."""

    @abstractmethod
    def _decode(self, image: EncodedImage, prompts: Sequence[Prompt], cancel: CancelToken | None = None) -> Predictions:
        """The network's answer."""
