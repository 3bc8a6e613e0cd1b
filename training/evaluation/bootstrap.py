"""Confidence intervals by resampling whole images: clicks on one image are not independent."""

from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semsam_annotate.api import BadInput

ROUNDS = 2000
_CHUNK = 100
LEVEL = 0.95
_KEPT = 1_000_000
"""Groups times rounds up to which draws are kept: 8 MB. The figures of one comparison are drawn alike."""

Floats: TypeAlias = NDArray[np.float64]


def bootstrap_interval(
    values: ArrayLike,
    groups: Sequence[Hashable],
    *,
    classes: Sequence[Hashable] | None = None,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> tuple[float, float]:
    """95 % interval (low, high) of the mean of (N,) ``values``, whole ``groups`` (images) resampled with replacement.

    NaN values do not count. With ``classes`` (N,), the mean is the macro mean: of each class first, then over classes.
    (nan, nan) without any value.
    """
    value = np.asarray(values, dtype=np.float64)
    sums, counts = _by_group(value, groups, classes)
    if not counts.sum():
        return float("nan"), float("nan")
    return _percentiles(_resampled_means(sums, counts, seed, rounds), LEVEL)


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    groups: Sequence[Hashable],
    seed: int = 0,
    rounds: int = ROUNDS,
    classes: Sequence[Hashable] | None = None,
    level: float = LEVEL,
) -> tuple[float, float, float]:
    """(mean of a − mean of b, low, high): interval (95 % unless told) of the difference on the same clicks.

    a, b: (N,) values of the same N clicks in the same order; a click that is NaN in either does not count. groups: (N,)
    the image of each click, resampled as a whole. classes: (N,) for macro means. All NaN when nothing can be compared;
    BadInput when the lengths differ.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or len(groups) != len(first):
        raise BadInput(
            f"a paired comparison needs the same clicks: {first.shape} and {second.shape} values, {len(groups)} groups"
        )
    difference = first - second
    sums, counts = _by_group(difference, groups, classes)
    if not counts.sum():
        return float("nan"), float("nan"), float("nan")
    mean = float(_means(sums.sum(axis=0)[None], counts.sum(axis=0)[None])[0])
    low, high = _percentiles(_resampled_means(sums, counts, seed, rounds), level)
    return mean, low, high


def grouped_mean(values: ArrayLike, classes: Sequence[Hashable] | None = None) -> float:
    """Mean of (N,) ``values`` without NaN, or the macro mean over ``classes``; NaN without any value."""
    value = np.asarray(values, dtype=np.float64)
    sums, counts = _by_group(value, [0] * len(value), classes)
    return float(_means(sums, counts)[0]) if counts.sum() else float("nan")


def _by_group(values: Floats, groups: Sequence[Hashable], classes: Sequence[Hashable] | None) -> tuple[Floats, Floats]:
    """(G, C) sums and counts of the values that are not NaN."""
    group, group_count = _numbered(groups)
    kind, kind_count = _numbered(classes) if classes is not None else (np.zeros(len(values), np.int64), 1)
    present = ~np.isnan(values)
    sums, counts = np.zeros((group_count, kind_count)), np.zeros((group_count, kind_count))
    np.add.at(sums, (group[present], kind[present]), values[present])
    np.add.at(counts, (group[present], kind[present]), 1)
    kept = counts.any(axis=1)
    return sums[kept], counts[kept]


def _numbered(names: Sequence[Hashable]) -> tuple[NDArray[np.int64], int]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64), len(numbers)


def _resampled_means(sums: Floats, counts: Floats, seed: int, rounds: int) -> Floats:
    """(rounds,) means when the groups of (G, C) sums and counts are drawn again with replacement."""
    draw = _kept_draws if len(counts) * rounds <= _KEPT else _draws
    return np.concatenate([_means(times @ sums, times @ counts) for times in draw(len(counts), seed, rounds)])


def _draws(groups: int, seed: int, rounds: int) -> Iterator[Floats]:
    """(rounds, groups) how often each group is drawn, some rounds at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, rounds, _CHUNK):
        size = min(_CHUNK, rounds - start)
        yield rng.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(np.float64)


@lru_cache(maxsize=4)
def _kept_draws(groups: int, seed: int, rounds: int) -> tuple[Floats, ...]:
    return tuple(_draws(groups, seed, rounds))


def _means(sums: Floats, counts: Floats) -> Floats:
    """(R,) means over classes of (R, C) sums by counts; a class without values does not count."""
    present = counts > 0
    each = np.where(present, sums / np.maximum(counts, 1), 0.0)
    return np.asarray(each.sum(axis=1) / np.maximum(present.sum(axis=1), 1))


def _percentiles(means: Floats, level: float) -> tuple[float, float]:
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
