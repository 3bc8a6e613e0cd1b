"""The embeddings that clients hold, by key."""

from collections import OrderedDict
from threading import Lock

from semsam_annotate.api import Embedding, StaleEmbedding


class Handles:
    """Handles given out, the oldest unused dropped first; a dropped one is stale and its image is encoded again."""

    def __init__(self, capacity: int = 512) -> None:
        self._capacity, self._lock = capacity, Lock()
        self._by_key: OrderedDict[str, Embedding] = OrderedDict()

    def put(self, embedding: Embedding) -> Embedding:
        """Remember a handle."""
        with self._lock:
            self._by_key[embedding.key] = embedding
            self._by_key.move_to_end(embedding.key)
            while len(self._by_key) > self._capacity:
                self._by_key.popitem(last=False)
        return embedding

    def get(self, key: str) -> Embedding:
        """The handle of ``key``; StaleEmbedding when it was released, dropped or never given out."""
        with self._lock:
            if key not in self._by_key:
                raise StaleEmbedding("this server no longer has that embedding: encode the image again")
            self._by_key.move_to_end(key)
            return self._by_key[key]

    def release(self, key: str) -> bool:
        """Forget a handle; False when it was not there."""
        with self._lock:
            return self._by_key.pop(key, None) is not None

    def __len__(self) -> int:
        return len(self._by_key)
