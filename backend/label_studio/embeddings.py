"""Embeddings of task images by their address: clicks on one image encode it once."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.api import CancelToken, Embedding, Engine, RgbImage, StaleEmbedding
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.fetch import fetch_image
from semsam_annotate.backend.worker import EngineWorker

T = TypeVar("T")
_Key = tuple[Connection, str]
AT_ONCE = 8
"""Images that are fetched and decoded at a time: what others ask for meanwhile waits, and memory stays bounded."""


@dataclass(frozen=True)
class _Entry:
    embedding: Embedding
    sha256: str
    version: str
    """Of the engine when it encoded: after a promotion the image is encoded by the new model."""
    made: float


class TaskEmbeddings:
    """The last ``capacity`` images, each for ``seconds``: a file behind ``/data/local-files/`` can change."""

    def __init__(self, worker: EngineWorker, max_bytes: int, capacity: int = 128, seconds: float = 600.0) -> None:
        self._worker, self._max_bytes, self._capacity, self._seconds = worker, max_bytes, capacity, seconds
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self.reused = 0
        """How often an image was asked for whose embedding was there."""

    async def ask(
        self,
        address: str,
        connection: Connection,
        call: Callable[[Engine, Embedding], T],
        cancel: CancelToken | None = None,
        takes_long: bool = False,
    ) -> T:
        """``call(engine, embedding)`` for the image at ``address``; encodes it when needed.

        Overlapping calls for one image wait for one encoding. ``cancel`` ends that, too. ``takes_long``: the call, so
        that clicks need not wait for it.
        """
        key = _key(connection, address)
        run = self._worker.run_long if takes_long else self._worker.run
        entry = await self._entry(key, address, cancel)
        try:
            return await run(lambda engine: _current(engine, entry, call))
        except StaleEmbedding:
            if self._entries.get(key) is entry:
                del self._entries[key]
            fresh = await self._entry(key, address, cancel)
            return await run(lambda engine: call(engine, fresh.embedding))

    def sha256(self, address: str, connection: Connection) -> str | None:
        """Of the pixels of an image that was asked for lately."""
        entry = self._entries.get(_key(connection, address))
        return None if entry is None else entry.sha256

    async def _entry(self, key: _Key, address: str, cancel: CancelToken | None) -> _Entry:
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                found = self._entries.get(key)
                if found is None or self._is_old(found):
                    found = self._entries[key] = await self._encode(key[0], address, cancel)
                else:
                    self.reused += 1
                self._entries.move_to_end(key)
        finally:
            self._forget()
        return found

    def _is_old(self, entry: _Entry) -> bool:
        return time.monotonic() - entry.made > self._seconds

    async def _encode(self, connection: Connection, address: str, cancel: CancelToken | None) -> _Entry:
        async with self._room:
            body = await fetch_image(address, connection, self._max_bytes)
            image, sha256 = await run_in_threadpool(_read, body)
        embedding, version = await self._worker.run_long(
            lambda engine: (engine.encode(image, cancel=cancel), engine.info.version)
        )
        return _Entry(embedding, sha256, version, time.monotonic())

    def _forget(self) -> None:
        for key in [key for key, entry in self._entries.items() if self._is_old(entry)]:
            del self._entries[key]
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
        for key in [key for key, lock in self._locks.items() if key not in self._entries and not lock.locked()]:
            del self._locks[key]


def _key(connection: Connection, address: str) -> _Key:
    """With its token: who may not open an image must not be answered from it.

    A digest of the address, which may be a whole image.
    """
    return connection, hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def _read(body: bytes) -> tuple[RgbImage, str]:
    image = read_image(body)
    return image, image_sha256(image)


def _current(engine: Engine, entry: _Entry, call: Callable[[Engine, Embedding], T]) -> T:
    if engine.info.version != entry.version:
        raise StaleEmbedding("a new model serves")
    return call(engine, entry.embedding)
