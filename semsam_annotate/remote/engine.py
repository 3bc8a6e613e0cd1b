"""The Engine protocol spoken to a server."""

import ipaddress
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from semsam_annotate.api import (
    BadInput,
    Embedding,
    EngineInfo,
    Ladder,
    Mask,
    Prompt,
    Proposal,
    RgbImage,
    Segmentation,
    Task,
    Tree,
    Vocabulary,
    encode_rle,
)
from semsam_annotate.remote.image_bytes import png_bytes
from semsam_annotate.remote.transport import Transport


class RemoteEngine:
    """An engine behind ``http://host:port``; safe to call from several threads.

    Every method raises EngineUnavailable when the server cannot be reached or refuses the token, StaleEmbedding when
    it no longer has the embedding, BadInput for what it calls bad input.
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

    def encode(self, image: RgbImage) -> Embedding:
        """Encode (H, W, 3) uint8 RGB; raw bytes on this machine, PNG over a network."""
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BadInput(f"an image is (H, W, 3) uint8 RGB, not {getattr(image, 'shape', type(image).__name__)}")
        height, width = image.shape[:2]
        if min(height, width) < 1:
            raise BadInput("an image has at least one pixel")
        if self._near:
            pixels = np.ascontiguousarray(image).tobytes()
            answer = self._transport.send("/v1/encode", pixels, {"height": height, "width": width})
        else:
            answer = self._transport.send("/v1/encode", png_bytes(image), {})
        return self._transport.decode(_embedding, answer)

    def propose(self, embedding: Embedding, prompt: Prompt, vocabulary: Vocabulary | None = None) -> Ladder:
        """Masks for one prompt."""
        answer = self._ask("/v1/propose", embedding, vocabulary, prompt=prompt.to_json())
        return self._transport.decode(lambda value: Ladder.from_json(value["ladder"]), answer)

    def propose_many(
        self, embedding: Embedding, prompts: Sequence[Prompt], vocabulary: Vocabulary | None = None
    ) -> list[Ladder]:
        """The same as one by one, in one pass."""
        listed = [prompt.to_json() for prompt in prompts]
        answer = self._ask("/v1/propose_many", embedding, vocabulary, prompts=listed)
        return self._transport.decode(lambda value: [Ladder.from_json(item) for item in value["ladders"]], answer)

    def auto(self, embedding: Embedding, vocabulary: Vocabulary | None = None) -> Tree:
        """Everything in the image, objects with their parts."""
        answer = self._ask("/v1/auto", embedding, vocabulary)
        return self._transport.decode(lambda value: Tree.from_json(value["tree"]), answer)

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary without a prompt: proposals, best first (instance, parts), or a label map."""
        answer = self._ask("/v1/segment", embedding, vocabulary, task=task)
        return self._transport.decode(_segmented, answer)

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
