"""What is kept of encoded images: in memory and on disk, both bounded by bytes."""

import hashlib
import os
import re
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from semsam_annotate.api import RgbImage
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.engine.snapping import Snapper
from semsam_annotate.model.mask_decoder import ImageMemory
from semsam_annotate.model.pixel_decoder import PixelFeatures
from semsam_annotate.model.ranking import Regions

REGIONS = ("regions", "fine_regions")
_KEY = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class EncodedImage:
    """What prompts on an image need, with the model that made it."""

    model: LoadedModel
    frame: Frame
    memory: ImageMemory
    regions: Regions | None = None

    @property
    def bytes(self) -> int:
        """Memory held."""
        tensors = (self.memory.mask_features, *self.memory.values)
        regions = 0 if self.regions is None else self.regions.bytes
        return regions + sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    @cached_property
    def snapper(self) -> Snapper | None:
        """What draws masks towards the image's edges, where the model has regions."""
        return None if self.regions is None else Snapper(self.frame, self.regions.fine)

    def on_cpu(self) -> "EncodedImage":
        """The same on the CPU, with the model's copy there."""
        memory = {item.name: _on_cpu(getattr(self.memory, item.name)) for item in fields(self.memory)}
        return EncodedImage(self.model.on_cpu(), self.frame, ImageMemory(**memory), self.regions)


class MemoryCache:
    """The images used last, as many as fit into ``limit`` bytes, at least one. Safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: OrderedDict[str, EncodedImage] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> EncodedImage | None:
        """The image of a key, None when it was dropped."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: str, image: EncodedImage) -> None:
        """Keep an image, dropping the ones not used for longest."""
        with self._lock:
            self._entries[key] = image
            self._entries.move_to_end(key)
            while len(self._entries) > 1 and sum(entry.bytes for entry in self._entries.values()) > self.limit:
                self._entries.popitem(last=False)

    @property
    def bytes(self) -> int:
        """Memory held."""
        with self._lock:
            return sum(entry.bytes for entry in self._entries.values())

    @property
    def has_room(self) -> bool:
        """Whether the image used last stays when another one like it comes."""
        with self._lock:
            last = next(reversed(self._entries.values()), None)
            return last is None or 2 * last.bytes <= self.limit

    def drop(self, key: str) -> None:
        """Forget an image."""
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget every image."""
        with self._lock:
            self._entries.clear()


class DiskCache:
    """Features, and regions where a model has them, as safetensors files in a folder.

    A folder that cannot be written is simply not used.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit

    def get(self, key: str) -> tuple[PixelFeatures, Regions | None] | None:
        """Features of a key in fp16 and its regions, None when they are not there or damaged."""
        try:
            path = self._path(key)
            tensors = load_file(path)
            os.utime(path)
            found = [tensors.pop(name).numpy() for name in REGIONS if name in tensors]
            levels = tuple(tensors[f"level{index}"] for index in range(len(tensors) - 1))
            features = PixelFeatures(tensors["mask_features"], levels)
            return features, Regions(*found) if found else None
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None

    def put(self, key: str, features: PixelFeatures, regions: Regions | None = None) -> None:
        """Write features and regions, then delete the files used least recently until the rest fits the limit."""
        tensors = {f"level{index}": level for index, level in enumerate(features.levels)}
        tensors["mask_features"] = features.mask_features
        tensors = {name: value.cpu().half().contiguous() for name, value in tensors.items()}
        if regions is not None:
            tensors |= {name: torch.from_numpy(one) for name, one in zip(REGIONS, astuple(regions), strict=True)}
        path = self._path(key)
        partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(save(tensors))
            os.replace(partial, path)
            self._trim(path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def _trim(self, newest: Path) -> None:
        """Delete what was used least recently; of files as old by the clock's ticks, never the one just written."""
        files = sorted(
            self.folder.glob("*.safetensors"), key=lambda path: (path == newest, path.stat().st_mtime_ns), reverse=True
        )
        used = 0
        for number, path in enumerate(files):
            used += path.stat().st_size
            if number and used > self.limit:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        """Keys come back from callers, over HTTP too: only what an engine gave out may name a file."""
        if not _KEY.fullmatch(key):
            raise ValueError("not a key of an encoded image")
        return self.folder / f"{key}.safetensors"


def image_key(image: RgbImage, model: LoadedModel) -> str:
    """Of pixels, preprocessing, model version and precision."""
    digest = hashlib.sha256(image.tobytes() if not image.flags.c_contiguous else image.data)
    digest.update(f"{image.shape}{model.card.config.input}{model.version}{model.precision}".encode())
    return digest.hexdigest()[:40]


def halved(features: PixelFeatures) -> PixelFeatures:
    """Features through half precision: what a later reader of the disk cache gets, so that both answer alike."""
    return PixelFeatures(
        features.mask_features.half().float(), tuple(level.half().float() for level in features.levels)
    )


def on_device(features: PixelFeatures, device: torch.device) -> PixelFeatures:
    """Features as fp32 on a device."""
    return PixelFeatures(
        features.mask_features.to(device).float(), tuple(level.to(device).float() for level in features.levels)
    )


def _on_cpu(value: Any) -> Any:
    """Tensors, alone or in tuples, to the CPU; anything else as it is."""
    if isinstance(value, Tensor):
        return value.cpu()
    return tuple(_on_cpu(item) for item in value) if isinstance(value, tuple) else value
