"""The engine on this machine."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial

import torch

from semsam_annotate.api import (
    BadInput,
    CancelToken,
    Embedding,
    EngineInfo,
    Ladder,
    Mask,
    NamedMask,
    Prompt,
    Proposal,
    RgbImage,
    Segmentation,
    StaleEmbedding,
    Task,
    Vocabulary,
    checked_task,
)
from semsam_annotate.model.engine.cache import DiskCache, EncodedImage, MemoryCache
from semsam_annotate.model.engine.catalogue import CatalogueCache
from semsam_annotate.model.engine.encoding import Encodings, ImageEncoder
from semsam_annotate.model.engine.fallback import in_batches
from semsam_annotate.model.engine.finite import check_predictions
from semsam_annotate.model.engine.ladder import Reading
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.mask_vectors import VectorMaker
from semsam_annotate.model.engine.memories import PrototypeMemories
from semsam_annotate.model.engine.preprocessing import check_image
from semsam_annotate.model.engine.prompting import to_batch
from semsam_annotate.model.engine.refinement import Candidates, Method, Refinement
from semsam_annotate.model.engine.refreshing import Progress, Refreshed, Turn, refresh
from semsam_annotate.model.engine.remembered import Remembered
from semsam_annotate.model.engine.searching import SearchingEngine
from semsam_annotate.model.engine.segmenting import Segmenter
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.engine.turns import Turns
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.prototypes import MaskVectors, Prototype

PROMPTS_AT_ONCE = 64
FEW = 4
"""Prompts that are answered before long work goes on: what people ask for, one at a time."""


class LocalEngine(SearchingEngine):
    """Encodes images and answers prompts with the model that ``current`` gives (see ``Engine`` for the methods).

    Safe to use from several threads; the network runs one request at a time, a click between two layers of what takes
    long.
    """

    def __init__(self, current: Callable[[], LoadedModel], settings: EngineSettings | None = None) -> None:
        self._current, self.settings = current, settings or EngineSettings()
        self._memory = MemoryCache(self.settings.memory_bytes)
        folder = self.settings.cache_folder
        disk = None if folder is None else DiskCache(folder, self.settings.disk_bytes)
        self._catalogues = CatalogueCache()
        self._memories = PrototypeMemories(self.settings.prototypes_folder)
        self._turns = Turns()
        self._encoder = ImageEncoder(self._memory, disk, self._turns)

    @property
    def info(self) -> EngineInfo:
        """Name, version, device, number of parameters, capabilities of the current model."""
        model = self._current()
        return EngineInfo(model.name, model.version, str(model.device), model.parameters, model.capabilities)

    def encode(self, image: RgbImage, cancel: CancelToken | None = None) -> Embedding:
        """Encode (H, W, 3) uint8 RGB once; the same pixels again cost only their hash."""
        check_image(image)
        return self._encoder.encode(image, self._current(), cancel)

    @property
    def encodings(self) -> Encodings:
        """How many images were encoded, and how many embeddings reused."""
        return self._encoder.count

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        """The ladder of one prompt."""
        return self.propose_many(embedding, [prompt], vocabulary)[0]

    def propose_many(
        self,
        embedding: Embedding,
        prompts: Sequence[Prompt],
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Ladder]:
        """The ladders of several prompts, which never change each other."""
        image, words = self._image(embedding), vocabulary or Vocabulary()
        pointed = [self._pointed(embedding, prompt, vocabulary, cancel) for prompt in prompts]

        @torch.inference_mode()
        def answer(image: EncodedImage, some: Sequence[Prompt]) -> list[Ladder]:
            method: Method = self.settings.refinement if image.model.takes_several else "rule"
            decode = partial(self._decode, image, cancel=cancel)
            return Refinement(self._reading(image, words), image.memory, decode, method, cancel).ladders(some)

        with self._turns.short() if len(pointed) <= FEW else nullcontext():
            return [ladder for batch in in_batches(image, pointed, answer, PROMPTS_AT_ONCE, cancel) for ladder in batch]

    def candidates(
        self, embedding: Embedding, prompts: Sequence[Prompt], cancel: CancelToken | None = None
    ) -> list[Candidates]:
        """What the ladders of prompts with a click are chosen from, for fitting the ranker that chooses.

        BadInput for a model without a ranker.
        """
        image = self._image(embedding)
        if image.regions is None:
            raise BadInput(f"the model {image.model.name} has no ranker: its ladders are its tokens' masks")
        with torch.inference_mode():
            decode = partial(self._decode, image, cancel=cancel)
            reading = self._reading(image, Vocabulary())
            return Refinement(reading, image.memory, decode, "network", cancel).candidates(prompts)

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary without a prompt: proposals, best first (instance, parts), or a label map.

        BadInput when the model has no generic branch or the vocabulary no names for the task.
        """
        image = self._image(embedding)
        points, let_by = image.model.cancel_points, self._turns.let_by
        with torch.inference_mode(), self._turns.long(), points.honour(None, let_by):
            return Segmenter(image, vocabulary).run(checked_task(task))

    def remember(
        self,
        embedding: Embedding,
        mask: Mask | Proposal,
        object: str | None = None,
        part: str | None = None,
        *,
        id: str,
    ) -> None:
        """Let an accepted mask name what looks like it, until its record ``id`` is forgotten or loses its names."""
        if not object and not part:
            self.forget([id])
            return
        memory = self._memories.of(self._image(embedding).model)
        vectors = self._vectors(embedding, [mask.mask if isinstance(mask, Proposal) else mask])
        memory.put([Prototype(id, object or None, part or None)], vectors)
        memory.settle()

    def forget(self, ids: Iterable[str]) -> None:
        """Forget the masks of records, known or not."""
        self._memories.forget(self._current(), ids)

    def refresh(
        self,
        records: Callable[[], Iterable[NamedMask]],
        progress: Progress = lambda done, total: None,
        turn: Turn = lambda image: None,
    ) -> Refreshed:
        """Bring the current model's memory into line with the accepted records (see ``refreshing.refresh``).

        Runs beside clicks: the engine is free between two images, and as soon as the token of ``turn`` is cancelled. An
        image that is still in memory is not encoded again.
        """
        model = self._current()

        def vectors(image: RgbImage, masks: Sequence[Mask], cancel: CancelToken | None) -> MaskVectors:
            return self._vectors(self._encoder.encode(image, model, cancel), masks, cancel)

        return refresh(self._memories.of(model), records, vectors, progress, turn)

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with the names that the model was trained on marked."""
        return self._current().resolve(vocabulary)

    def release(self, embedding: Embedding) -> None:
        """Forget an encoded image; its handle is stale unless the image is in the disk cache."""
        self._memory.drop(embedding.key)
        self._catalogues.drop(embedding.key)

    def under(self, settings: EngineSettings) -> "LocalEngine":
        """The same model under other settings, with empty caches."""
        return LocalEngine(self._current, settings)

    def close(self) -> None:
        """Free the caches."""
        self._memory.clear()
        self._catalogues.clear()
        self._memories.close()

    def _maker(self, image: EncodedImage) -> VectorMaker:
        return VectorMaker(image.model, image.frame, image.memory)

    def _vectors(self, embedding: Embedding, masks: Sequence[Mask], cancel: CancelToken | None = None) -> MaskVectors:
        image = self._image(embedding)
        return self._maker(image).of_masks(masks, lambda prompts: self._decode(image, prompts, cancel))

    def _reading(self, image: EncodedImage, vocabulary: Vocabulary) -> Reading:
        named = bool(vocabulary.objects or vocabulary.parts)
        remembered = Remembered(self._memories.of(image.model), self._maker(image)) if named else None
        return Reading(
            image.model, image.frame, vocabulary, self.settings.cleaning, remembered, image.regions, image.snapper
        )

    def _image(self, embedding: Embedding) -> EncodedImage:
        """The encoded image of a handle, from memory, or from disk if its model is still the current one."""
        image = self._memory.get(embedding.key) or self._encoder.read(embedding, self._current())
        if image is not None:
            return image
        raise StaleEmbedding("this embedding is no longer kept: encode the image again")

    def _decode(self, image: EncodedImage, prompts: Sequence[Prompt], cancel: CancelToken | None = None) -> Predictions:
        model = image.model
        shown = model.takes_masks and self.settings.refinement == "network"
        batch = to_batch(prompts, image.frame, model.card.config, shown).to(model.device)
        with self._turns.long(), model.cancel_points.honour(cancel, self._turns.let_by):
            answers: list[Predictions] = model.network.mask_decoder(image.memory, batch)
        check_predictions(model.network, answers[-1])
        return answers[-1]
