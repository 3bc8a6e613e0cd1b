"""The engine on this machine."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from semsam_annotate.api import (
    ALIKE,
    CancelToken,
    Embedding,
    EngineInfo,
    Ladder,
    Mask,
    Prompt,
    Proposal,
    RgbImage,
    Segmentation,
    StaleEmbedding,
    Task,
    Vocabulary,
    checked_task,
)
from semsam_annotate.api.automatic import standing
from semsam_annotate.model.engine.cache import DiskCache, EncodedImage, MemoryCache, halved, on_device
from semsam_annotate.model.engine.catalogue import Catalogue, CatalogueCache, catalogue_of, describe
from semsam_annotate.model.engine.fallback import in_batches, on_cpu_when_full
from semsam_annotate.model.engine.finite import check_features, check_predictions
from semsam_annotate.model.engine.ladder import Reading
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame, check_image, to_input
from semsam_annotate.model.engine.prompting import to_batch
from semsam_annotate.model.engine.refinement import Method, Refinement
from semsam_annotate.model.engine.search import Search, check_names, checked_example, pointed_at
from semsam_annotate.model.engine.segmenting import Segmenter
from semsam_annotate.model.engine.whole_image import WholeImageEngine
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.pixel_decoder import PixelFeatures

PROMPTS_AT_ONCE = 64


@dataclass(frozen=True)
class EngineSettings:
    """``cleaning``: fill small holes and drop small islands. ``memory_bytes``, ``disk_bytes``: bounds of the caches.

    ``cache_folder``: where features are kept between runs, None for nowhere. ``refinement``: how several hints at once
    are answered (``refinement``); "rule" treats any network as one that was trained on single clicks, and is what such
    networks always get.
    """

    cleaning: bool = True
    memory_bytes: int = 1 << 30
    disk_bytes: int = 2 << 30
    cache_folder: Path | None = None
    refinement: Method = "network"


class LocalEngine(WholeImageEngine):
    """Encodes images and answers prompts with the model that ``current`` gives (see ``Engine`` for the methods).

    Safe to use from several threads; the network runs one request at a time.
    """

    def __init__(self, current: Callable[[], LoadedModel], settings: EngineSettings | None = None) -> None:
        self._current, self.settings = current, settings or EngineSettings()
        self._memory = MemoryCache(self.settings.memory_bytes)
        folder = self.settings.cache_folder
        self._disk = None if folder is None else DiskCache(folder, self.settings.disk_bytes)
        self._catalogues = CatalogueCache()
        self._lock = threading.RLock()

    @property
    def info(self) -> EngineInfo:
        """Name, version, device, number of parameters, capabilities of the current model."""
        model = self._current()
        return EngineInfo(model.name, model.version, str(model.device), model.parameters, model.capabilities)

    def encode(self, image: RgbImage, cancel: CancelToken | None = None) -> Embedding:
        """Encode (H, W, 3) uint8 RGB once; the same pixels again cost only their hash."""
        check_image(image)
        model = self._current()
        frame = Frame.of(image.shape[0], image.shape[1], model.card.config.input)
        handle = Embedding(_key(image, model), (image.shape[0], image.shape[1]), model.version)
        with self._lock:
            if self._memory.get(handle.key) is None:
                encoded = on_cpu_when_full(model, lambda on: self._encode(image, handle.key, on, frame, cancel))
                self._memory.put(handle.key, encoded)
        return handle

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
        pointed = [self._pointed(embedding, prompt, vocabulary) for prompt in prompts]

        @torch.inference_mode()
        def answer(image: EncodedImage, some: Sequence[Prompt]) -> list[Ladder]:
            method: Method = self.settings.refinement if image.model.takes_several else "rule"
            decode = partial(self._decode, image, cancel=cancel)
            return Refinement(self._reading(image, words), image.memory, decode, method, cancel).ladders(some)

        return [ladder for batch in in_batches(image, pointed, answer, PROMPTS_AT_ONCE, cancel) for ladder in batch]

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary without a prompt: proposals, best first (instance, parts), or a label map.

        BadInput when the model has no generic branch or the vocabulary no names for the task.
        """
        image = self._image(embedding)
        with torch.inference_mode(), self._lock:
            return Segmenter(image.model, image.frame, image.memory, vocabulary).run(checked_task(task))

    def find(self, embedding: Embedding, text: str, vocabulary: Vocabulary | None = None) -> list[Proposal]:
        """Everything in the image, what the text names first; see ``Search.by_text`` for how it is ranked."""
        image = self._image(embedding)
        check_names(image.model)
        with torch.inference_mode():
            return Search(image.model, self._catalogue(embedding)).by_text(text, vocabulary)

    def alike(
        self,
        embedding: Embedding,
        example: Mask | Proposal,
        source: Embedding | None = None,
        threshold: float = ALIKE,
        vocabulary: Vocabulary | None = None,
    ) -> list[Proposal]:
        """What looks like an example of this image or of ``source``; see ``Search.by_example``."""
        image, origin = self._image(embedding), self._image(source or embedding)
        if image.model is not origin.model:
            raise StaleEmbedding("the example was encoded with another model: encode both images again")
        mask = checked_example(example, origin.frame.image)
        with torch.inference_mode():
            described = describe(origin, lambda asked: self._decode(origin, asked), [mask])
            return Search(image.model, self._catalogue(embedding)).by_example(described, threshold, vocabulary)

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with the names that the model was trained on marked."""
        return self._current().resolve(vocabulary)

    def release(self, embedding: Embedding) -> None:
        """Forget an encoded image; its handle is stale unless the image is in the disk cache."""
        self._memory.drop(embedding.key)
        self._catalogues.drop(embedding.key)

    def without_cleaning(self) -> "LocalEngine":
        """The same engine that leaves small holes and islands as the network answered."""
        return LocalEngine(self._current, replace(self.settings, cleaning=False))

    def close(self) -> None:
        """Free the caches."""
        self._memory.clear()
        self._catalogues.clear()

    def _image(self, embedding: Embedding) -> EncodedImage:
        """The encoded image of a handle, from memory, or from disk if its model is still the current one."""
        image = self._memory.get(embedding.key)
        if image is not None:
            return image
        model = self._current()
        if self._disk is not None and embedding.model == model.version:
            features = self._disk.get(embedding.key)
            if features is not None:
                frame = Frame.of(*embedding.size, model.card.config.input)
                image = self._remember(model, frame, on_device(features, model.device))
                self._memory.put(embedding.key, image)
                return image
        raise StaleEmbedding("this embedding is no longer kept: encode the image again")

    def _reading(self, image: EncodedImage, vocabulary: Vocabulary) -> Reading:
        return Reading(image.model, image.frame, vocabulary, self.settings.cleaning)

    @torch.inference_mode()
    def _encode(
        self, image: RgbImage, key: str, model: LoadedModel, frame: Frame, cancel: CancelToken | None
    ) -> EncodedImage:
        features = None if self._disk is None else self._disk.get(key)
        if features is None:
            with model.cancel_points.honour(cancel):
                features = halved(model.network.features(to_input(image, frame).to(model.device)))
            check_features(model.network, features)
            if self._disk is not None:
                self._disk.put(key, features)
        return self._remember(model, frame, on_device(features, model.device))

    @torch.inference_mode()
    def _remember(self, model: LoadedModel, frame: Frame, features: PixelFeatures) -> EncodedImage:
        memory = model.network.mask_decoder.remember(features.mask_features, features.levels)
        return EncodedImage(model, frame, memory.halved())

    def _pointed(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None) -> Prompt:
        """The prompt with its text turned into a click."""
        if prompt.text is None:
            return prompt
        return pointed_at(prompt, self.find(embedding, prompt.text, vocabulary))

    def _catalogue(self, embedding: Embedding) -> Catalogue:
        """Everything in the image, searched for once."""
        image = self._image(embedding)

        def make() -> Catalogue:
            found = standing(self.auto_stream(embedding))  # a tree leaves out siblings that overlap
            return catalogue_of(image, lambda asked: self._decode(image, asked), found)

        return self._catalogues.get(embedding.key, make)

    def _decode(self, image: EncodedImage, prompts: Sequence[Prompt], cancel: CancelToken | None = None) -> Predictions:
        model = image.model
        shown = model.takes_masks and self.settings.refinement == "network"
        batch = to_batch(prompts, image.frame, model.card.config, shown).to(model.device)
        with self._lock, model.cancel_points.honour(cancel):
            answers: list[Predictions] = model.network.mask_decoder(image.memory, batch)
        check_predictions(model.network, answers[-1])
        return answers[-1]


def _key(image: RgbImage, model: LoadedModel) -> str:
    """Of pixels, preprocessing and model version."""
    digest = hashlib.sha256(image.tobytes() if not image.flags.c_contiguous else image.data)
    digest.update(f"{image.shape}{model.card.config.input}{model.version}".encode())
    return digest.hexdigest()[:40]
