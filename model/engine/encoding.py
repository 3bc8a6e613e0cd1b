"""Images encoded and kept, and how often that was spared."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch

from semsam_annotate.api import CancelToken, Embedding, RgbImage
from semsam_annotate.model.engine.cache import DiskCache, EncodedImage, MemoryCache, halved, image_key, on_device
from semsam_annotate.model.engine.fallback import on_cpu_when_full
from semsam_annotate.model.engine.finite import check_features
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame, to_input
from semsam_annotate.model.engine.turns import Turns
from semsam_annotate.model.pixel_decoder import PixelFeatures
from semsam_annotate.model.ranking import Regions


@dataclass(frozen=True)
class Encodings:
    """``made``: images that the network encoded. ``reused``: images asked for that memory or disk still had."""

    made: int = 0
    reused: int = 0


class ImageEncoder:
    """Encodes an image unless it is kept; ``turns``: of the network, which runs one request at a time."""

    def __init__(self, memory: MemoryCache, disk: DiskCache | None, turns: Turns) -> None:
        self._memory, self._disk, self._turns = memory, disk, turns
        self.count = Encodings()

    def encode(self, image: RgbImage, model: LoadedModel, cancel: CancelToken | None = None) -> Embedding:
        """The handle of (H, W, 3) uint8 RGB, which is in memory then; Cancelled by ``cancel``."""
        frame = Frame.of(image.shape[0], image.shape[1], model.card.config.input)
        handle = Embedding(image_key(image, model), (image.shape[0], image.shape[1]), model.version)
        with self._turns.long():
            if self._memory.get(handle.key) is not None or self.read(handle, model) is not None:
                self.count = Encodings(self.count.made, self.count.reused + 1)
            else:
                encoded = on_cpu_when_full(model, lambda on: self._encode(image, handle.key, on, frame, cancel))
                self.count = Encodings(self.count.made + 1, self.count.reused)
                self._memory.put(handle.key, encoded)
        return handle

    def read(self, embedding: Embedding, model: LoadedModel) -> EncodedImage | None:
        """From disk into memory, if it is of that model; None when it is not there."""
        kept = None if self._disk is None or embedding.model != model.version else self._disk.get(embedding.key)
        if kept is None:
            return None
        frame = Frame.of(*embedding.size, model.card.config.input)
        image = on_cpu_when_full(model, lambda on: remembered(on, frame, *kept))
        self._memory.put(embedding.key, image)
        return image

    @torch.inference_mode()
    def _encode(
        self, image: RgbImage, key: str, model: LoadedModel, frame: Frame, cancel: CancelToken | None
    ) -> EncodedImage:
        pixels = to_input(image, frame)
        with ThreadPoolExecutor(1) as beside, model.cancel_points.honour(cancel, self._turns.let_by):
            found = beside.submit(model.regions, pixels[0].permute(1, 2, 0).numpy(), cancel)
            features = halved(model.features(pixels.to(model.device)))
            regions = found.result()
        check_features(model.network, features)
        if self._disk is not None:
            self._disk.put(key, features, regions)
        return remembered(model, frame, features, regions)


@torch.inference_mode()
def remembered(model: LoadedModel, frame: Frame, features: PixelFeatures, regions: Regions | None) -> EncodedImage:
    """What prompts need of an image's features."""
    features = on_device(features, model.device)
    memory = model.network.mask_decoder.remember(features.mask_features, features.levels)
    return EncodedImage(model, frame, memory.halved(), regions)
