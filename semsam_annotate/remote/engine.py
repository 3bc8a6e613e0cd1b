"""The Engine protocol spoken to a server."""

import ipaddress
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from semsam_annotate.api import (
    ALIKE,
    AutoSettings,
    BadInput,
    CancelToken,
    Embedding,
    EngineInfo,
    Ladder,
    Mask,
    Progress,
    Prompt,
    Proposal,
    RgbImage,
    Segmentation,
    Task,
    Tree,
    Vocabulary,
    encode_rle,
)
from semsam_annotate.automatic import PixelSource, RgbSource, TileSettings, auto_tiled
from semsam_annotate.remote.cancelling import cancellable
from semsam_annotate.remote.image_bytes import png_bytes
from semsam_annotate.remote.transport import Transport


class RemoteEngine:
    """An engine behind ``http://host:port``; safe to call from several threads.

    Every method raises EngineUnavailable when the server cannot be reached, refuses the token or stays busy for a
    minute, StaleEmbedding when it no longer has the embedding, BadInput for what it calls bad input.
    """

    def __init__(self, url: str, token: str | None = None, timeout: float = 600.0) -> None:
        """Connect and ask who answers. ``timeout``: seconds to wait for one answer."""
        self._transport = Transport(url, token, timeout)
        self._near = _is_loopback(self._transport.host)
        try:
            self.info  # noqa: B018 - says at once when nobody answers
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> EngineInfo:
        """Name, version, device, parameters, capabilities; asked anew each time, models get promoted."""
        return self._transport.decode(EngineInfo.from_json, self._transport.get("/v1/info"))

    def encode(self, image: RgbImage, cancel: CancelToken | None = None) -> Embedding:
        """Encode (H, W, 3) uint8 RGB; raw bytes on this machine, PNG over a network."""
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BadInput(f"an image is (H, W, 3) uint8 RGB, not {getattr(image, 'shape', type(image).__name__)}")
        height, width = image.shape[:2]
        if min(height, width) < 1:
            raise BadInput("an image has at least one pixel")
        raw = {"height": height, "width": width} if self._near else {}
        pixels = np.ascontiguousarray(image).tobytes() if self._near else png_bytes(image)
        with cancellable(self._transport, cancel) as name:
            answer = self._transport.send("/v1/encode", pixels, {**raw, **name})
        return self._transport.decode(_embedding, answer)

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        """Masks for one prompt."""
        answer = self._ask("/v1/propose", embedding, vocabulary, prompt=prompt.to_json())
        return self._transport.decode(lambda value: Ladder.from_json(value["ladder"]), answer)

    def propose_many(
        self,
        embedding: Embedding,
        prompts: Sequence[Prompt],
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Ladder]:
        """The same as one by one, in one pass."""
        listed = [prompt.to_json() for prompt in prompts]
        with cancellable(self._transport, cancel) as name:
            answer = self._ask("/v1/propose_many", embedding, vocabulary, prompts=listed, **name)
        return self._transport.decode(lambda value: [Ladder.from_json(item) for item in value["ladders"]], answer)

    def auto(
        self,
        embedding: Embedding,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Tree:
        """Everything in the image, objects with their parts; over the wire ``progress`` hears only of the end."""
        wanted = None if settings is None else settings.to_json()
        with cancellable(self._transport, cancel) as name:
            answer = self._ask("/v1/auto", embedding, vocabulary, settings=wanted, **name)
        if progress is not None:
            progress(1, 1)
        return self._transport.decode(lambda value: Tree.from_json(value["tree"]), answer)

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary without a prompt: proposals, best first (instance, parts), or a label map."""
        answer = self._ask("/v1/segment", embedding, vocabulary, task=task)
        return self._transport.decode(_segmented, answer)

    def auto_tiled(
        self,
        source: PixelSource | RgbSource,
        vocabulary: Vocabulary | None = None,
        settings: AutoSettings | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        tiles: TileSettings | None = None,
    ) -> Tree:
        """Everything in a large image, which is read here and sent tile by tile (see ``automatic.auto_tiled``)."""
        return auto_tiled(self, source, vocabulary, settings, progress, cancel, tiles)

    def find(
        self,
        embedding: Embedding,
        text: str,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """Everything in the image, what the text names first."""
        with cancellable(self._transport, cancel) as name:
            answer = self._ask("/v1/find", embedding, vocabulary, text=text, **name)
        return self._transport.decode(_proposals, answer)

    def alike(
        self,
        embedding: Embedding,
        example: Mask | Proposal,
        source: Embedding | None = None,
        threshold: float = ALIKE,
        vocabulary: Vocabulary | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Proposal]:
        """What looks like an example of this image or of ``source``."""
        mask = example.rle if isinstance(example, Proposal) else encode_rle(example)
        origin = None if source is None else source.key
        asked = {"example": mask, "source": origin, "threshold": threshold}
        with cancellable(self._transport, cancel) as name:
            answer = self._ask("/v1/alike", embedding, vocabulary, **asked, **name)
        return self._transport.decode(_proposals, answer)

    def remember(
        self,
        embedding: Embedding,
        mask: Mask | Proposal,
        object: str | None = None,
        part: str | None = None,
        *,
        id: str,
    ) -> None:
        """Let an accepted mask name what looks like it from now on."""
        rle = mask.rle if isinstance(mask, Proposal) else encode_rle(mask)
        named = {"embedding": embedding.key, "mask": rle, "object": object, "part": part, "id": id}
        self._transport.post("/v1/remember", named)

    def forget(self, ids: Iterable[str]) -> None:
        """Forget the masks of records."""
        self._transport.post("/v1/forget", {"ids": list(ids)})

    def resolve(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with ``known`` filled in."""
        answer = self._transport.post("/v1/resolve", {"vocabulary": vocabulary.to_json()})
        return self._transport.decode(lambda value: Vocabulary.from_json(value["vocabulary"]), answer)

    def release(self, embedding: Embedding) -> None:
        """Let the server drop an embedding before its cache is full."""
        self._transport.post("/v1/release", {"embedding": embedding.key})

    def close(self) -> None:
        """Close the connections; the server goes on."""
        self._transport.close()

    def __enter__(self) -> "RemoteEngine":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def _ask(self, path: str, embedding: Embedding, vocabulary: Vocabulary | None, **rest: Any) -> Any:
        words = None if vocabulary is None else vocabulary.to_json()
        return self._transport.post(path, {"embedding": embedding.key, "vocabulary": words, **rest})


def _proposals(value: dict[str, Any]) -> list[Proposal]:
    return [Proposal.from_json(item) for item in value["proposals"]]


def _embedding(value: dict[str, Any]) -> Embedding:
    height, width = value["size"]
    return Embedding(key=value["key"], size=(int(height), int(width)), model=value["model"])


def _segmented(value: dict[str, Any]) -> list[Proposal] | Segmentation:
    if "segmentation" in value:
        return Segmentation.from_json(value["segmentation"])
    return [Proposal.from_json(item) for item in value["proposals"]]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
