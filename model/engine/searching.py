"""The part of an engine that finds masks by words and by example."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from semsam_annotate.api import (
    ALIKE,
    CancelToken,
    Embedding,
    Mask,
    Prompt,
    Proposal,
    Rle,
    StaleEmbedding,
    Vocabulary,
    encode_rle,
)
from semsam_annotate.api.automatic import standing
from semsam_annotate.model.engine.cache import EncodedImage, MemoryCache
from semsam_annotate.model.engine.catalogue import Catalogue, CatalogueCache, Described, describe, joined
from semsam_annotate.model.engine.fallback import in_batches
from semsam_annotate.model.engine.pooling import pool
from semsam_annotate.model.engine.search import Search, check_names, checked_example, pointed_at
from semsam_annotate.model.engine.whole_image import WholeImageEngine

AT_ONCE = 32
"""Masks described in one pass of the network."""


class SearchingEngine(WholeImageEngine):
    """``find`` and ``alike``, for an engine that can decode and find everything in an image."""

    _catalogues: CatalogueCache
    _memory: MemoryCache

    @property
    def memory_bytes(self) -> int:
        """Bytes of encoded images held in memory."""
        return self._memory.bytes

    @property
    def has_room(self) -> bool:
        """Whether an image that is not asked for yet leaves the one used last in memory."""
        return self._memory.has_room

    def find(
        self,
        embedding: Embedding,
        text: str,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """Everything in the image, what the text names first; see ``Search.by_text`` for how it is ranked."""
        image = self._image(embedding)
        check_names(image.model)
        with torch.inference_mode():
            return Search(image.model, self._catalogue(embedding, cancel)).by_text(text, vocabulary)

    def alike(
        self,
        embedding: Embedding,
        example: Mask | Proposal,
        source: Embedding | None = None,
        threshold: float = ALIKE,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """What looks like an example of this image or of ``source``; see ``Search.by_example``."""
        image, origin = self._image(embedding), self._image(source or embedding)
        if image.model.version != origin.model.version:
            raise StaleEmbedding("the example was encoded with another model: encode both images again")
        mask = checked_example(example, origin.frame.image)
        with torch.inference_mode():
            described = self._described(origin, [encode_rle(mask)], cancel)
            return Search(image.model, self._catalogue(embedding, cancel)).by_example(described, threshold, vocabulary)

    def look(self, embedding: Embedding) -> NDArray[np.float32]:
        """(D,) what the whole image looks like, of length 1: near ones look alike; of one model version only."""
        memory = self._image(embedding).memory
        with torch.inference_mode():
            whole = torch.ones(1, *memory.mask_features.shape[-2:], device=memory.mask_features.device)
            return np.asarray(pool(memory, whole)[0].cpu().numpy(), np.float32)

    def _pointed(
        self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None, cancel: CancelToken | None
    ) -> Prompt:
        """The prompt with its text turned into a click."""
        if prompt.text is None:
            return prompt
        prompt.check_inside(*embedding.size)
        return pointed_at(prompt, self.find(embedding, prompt.text, vocabulary, cancel))

    def _catalogue(self, embedding: Embedding, cancel: CancelToken | None) -> Catalogue:
        """Everything in the image, searched for once."""

        def make() -> Catalogue:
            found = standing(self.auto_stream(embedding, cancel=cancel))
            bare = tuple(one.placed(one.rle, one.box) for one in found)  # run lengths only: this is kept
            return Catalogue(bare, self._described(self._image(embedding), [one.rle for one in bare], cancel))

        return self._catalogues.get(embedding.key, make)

    def _described(self, image: EncodedImage, masks: Sequence[Rle], cancel: CancelToken | None) -> Described:
        def answer(image: EncodedImage, some: Sequence[Rle]) -> Described:
            with torch.inference_mode():
                return describe(image, lambda asked: self._decode(image, asked, cancel), some)

        return joined(list(in_batches(image, masks, answer, AT_ONCE, cancel)))
