"""From an image to a candidate: one search through all of it, and its pooled embedding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import (
    AutoSettings,
    CancelToken,
    Embedding,
    Proposal,
    RgbImage,
    Tree,
    TreeNode,
    Vocabulary,
)
from semsam_annotate.automatic.tiled import Searcher
from semsam_annotate.training.active.candidate import Candidate, Guess, Vector
from semsam_annotate.training.calibrating.calibration import Shares

SEARCH = AutoSettings(side=8, most_clicks=64)
"""Half as dense as a search for masks to keep: 0.2 to 0.4 s an image of 512 pixels on a core instead of 1."""


class Looker(Searcher, Protocol):
    """The part of a local engine that candidates are made with."""

    def look(self, embedding: Embedding) -> NDArray[np.float32]:
        """(D,) what the image looks like."""
        ...

    def release(self, embedding: Embedding) -> None:
        """Forget an encoded image."""
        ...


def candidate(
    engine: Looker, key: str, rgb: RgbImage, words: Vocabulary, cancel: CancelToken | None = None
) -> Candidate:
    """Search an image; ``key``: the sha256 of its pixels. Cancelled by ``cancel``."""
    with _encoded(engine, rgb, cancel) as embedding:
        tree = engine.auto(embedding, words, SEARCH, cancel=cancel)
        return Candidate(key, guesses_of(tree), _vector(engine, embedding))


def looks_like(engine: Looker, rgb: RgbImage, cancel: CancelToken | None = None) -> Vector:
    """(D,) the vector of an image's candidate, without the search that takes most of the time."""
    with _encoded(engine, rgb, cancel) as embedding:
        return _vector(engine, embedding)


@contextmanager
def _encoded(engine: Looker, rgb: RgbImage, cancel: CancelToken | None) -> Iterator[Embedding]:
    embedding = engine.encode(rgb, cancel)
    try:
        yield embedding
    finally:
        engine.release(embedding)


def _vector(engine: Looker, embedding: Embedding) -> Vector:
    return np.round(engine.look(embedding), 6)


def guesses_of(tree: Tree) -> tuple[Guess, ...]:
    """The nodes of a tree, parents before children."""
    return tuple(_guess(node) for node in tree)


def _guess(node: TreeNode) -> Guess:
    one = node.proposal
    around = [] if node.parent is None else [node.parent]
    return Guess(
        id=one.id,
        score=one.score,
        stability=one.stability,
        level=one.level,
        part=one.part_probability,
        objects=_shares(one.object_labels),
        parts=_shares(one.part_labels),
        rival=max((_closeness(one, other.proposal) for other in (*around, *node.children)), default=0.0),
        box=one.box,
    )


def _closeness(one: Proposal, other: Proposal) -> float:
    """How close the scores of nested masks are, 0..1, if they bear one name; 0 if they do not."""
    alike = _best(one) == _best(other)
    return max(0.0, 1 - abs(one.score - other.score)) if alike else 0.0


def _best(one: Proposal) -> tuple[str | None, str | None]:
    return one.object_labels[0][0] if one.object_labels else None, one.part_labels[0][0] if one.part_labels else None


def _shares(labels: Sequence[tuple[str, float]]) -> Shares:
    return tuple((name, round(share, 5)) for name, share in labels)
