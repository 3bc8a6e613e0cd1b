"""Names as hashed character n-grams (fastText, Bojanowski et al. 2017): every string has an embedding, no word list."""

import re
import zlib

LENGTHS = (3, 4, 5)


def subword_ids(name: str, buckets: int) -> list[int]:
    """Rows of the embedding table for a name: each word whole, and its n-grams with marked ends. Never empty."""
    words = re.findall(r"[^\W_]+", name.lower()) or [""]
    return [zlib.crc32(piece.encode()) % buckets for word in words for piece in _pieces(f"<{word}>")]


def _pieces(word: str) -> list[str]:
    grams = [word[start : start + length] for length in LENGTHS for start in range(len(word) - length + 1)]
    return [word, *grams]
