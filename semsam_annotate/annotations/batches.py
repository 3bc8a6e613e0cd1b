"""Many values a few at a time."""

from collections.abc import Iterable, Iterator

AT_ONCE = 500
"""Values in one statement, of which SQLite allows only so many."""


def batches(values: Iterable[str], size: int = AT_ONCE) -> Iterator[list[str]]:
    """``values`` in lists of at most ``size``; by default as many as go into one statement."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
