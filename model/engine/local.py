"""The engine on this machine."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from semsam_annotate.api import (
    CancelToken,
    Embedding,
    EngineInfo,
    Ladder,
    Prompt,
    Proposal,
    RgbImage,
    Segmentation,
    StaleEmbedding,
    Task,
    Vocabulary,
    checked_task,
)
from semsam_annotate.model.engine.cache import DiskCache, EncodedImage, MemoryCache, halved, on_device
from semsam_annotate.model.engine.fallback import in_batches, on_cpu_when_full
from semsam_annotate.model.engine.finite import check_features, check_predictions
from semsam_annotate.model.engine.interruption import unless_cancelled
from semsam_annotate.model.engine.ladder import Reading
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame, check_image, to_input
from semsam_annotate.model.engine.prompting import to_batch
from semsam_annotate.model.engine.segmenting import Segmenter
from semsam_annotate.model.engine.whole_image import WholeImageEngine
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.pixel_decoder import PixelFeatures

PROMPTS_AT_ONCE = 64


@dataclass(frozen=True)
class EngineSettings:
    """``cleaning``: fill small holes and drop small islands. ``memory_bytes``, ``disk_bytes``: bounds of the caches.

    ``cache_folder``: where features are kept between runs, None for nowhere.
    """

    cleaning: bool = True
    memory_bytes: int = 1 << 30
    disk_bytes: int = 2 << 30
    cache_folder: Path | None = None


class LocalEngine(WholeImageEngine):
    """Encodes images and answers prompts with the model that ``current`` gives (see ``Engine`` for the methods).

    Safe to use from several threads; the network runs one request at a time.
    """

    def __init__(self, current: Callable[[], LoadedModel], settings: EngineSettings | None = None) -> None:
        self._current, self.settings = current, settings or EngineSettings()
        self._memory = MemoryCache(self.settings.memory_bytes)
        folder = self.settings.cache_folder
        self._disk = None if folder is None else DiskCache(folder, self.settings.disk_bytes)
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

        def answer(image: EncodedImage, some: Sequence[Prompt]) -> list[Ladder]:
            with torch.inference_mode():
                predictions, reading = self._decode(image, some, cancel), self._reading(image, words)
                return [reading.ladder(predictions, row) for row in unless_cancelled(range(len(some)), cancel)]

        return [ladder for batch in in_batches(image, prompts, answer, PROMPTS_AT_ONCE, cancel) for ladder in batch]

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary without a prompt: proposals, best first (instance, parts), or a label map.

        BadInput when the model has no generic branch or the vocabulary no names for the task.
        """
        image = self._image(embedding)
        with torch.inference_mode(), self._lock:
            return Segmenter(image.model, image.frame, image.memory, vocabulary).run(checked_task(task))

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with the names that the model was trained on marked."""
        return self._current().resolve(vocabulary)

    def release(self, embedding: Embedding) -> None:
        """Forget an encoded image; its handle is stale unless the image is in the disk cache."""
        self._memory.drop(embedding.key)

    def without_cleaning(self) -> "LocalEngine":
        """The same engine that leaves small holes and islands as the network answered."""
        return LocalEngine(self._current, replace(self.settings, cleaning=False))

    def close(self) -> None:
        """Free the caches."""
        self._memory.clear()

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

    def _decode(self, image: EncodedImage, prompts: Sequence[Prompt], cancel: CancelToken | None = None) -> Predictions:
        model = image.model
        batch = to_batch(prompts, image.frame, model.card.config).to(model.device)
        with self._lock, model.cancel_points.honour(cancel):
            answers: list[Predictions] = model.network.mask_decoder(image.memory, batch)
        check_predictions(model.network, answers[-1])
        return answers[-1]


def _key(image: RgbImage, model: LoadedModel) -> str:
    """Of pixels, preprocessing and model version."""
    digest = hashlib.sha256(image.tobytes() if not image.flags.c_contiguous else image.data)
    digest.update(f"{image.shape}{model.card.config.input}{model.version}".encode())
    return digest.hexdigest()[:40]
