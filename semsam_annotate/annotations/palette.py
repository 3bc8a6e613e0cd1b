"""Colours of classes that people of any colour vision tell apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from semsam_annotate.annotations.classes import ObjectClass, PartClass, colour_of

PALETTE = (
    "#56b4e9",  # sky blue
    "#d55e00",  # vermilion
    "#009e73",  # bluish green
    "#f0e442",  # yellow
    "#cc79a7",  # reddish purple
    "#0072b2",  # blue
    "#e69f00",  # orange
    "#aa3377",  # purple
    "#117733",  # green
    "#999933",  # olive
)
"""Okabe and Ito, "Color Universal Design" (2008), without black; then three that keep their distance from these and are
seen on black too, of Paul Tol's schemes "bright" and "muted" (SRON/EPS/TN/09-002, 2021)."""


Class = TypeVar("Class", ObjectClass, PartClass)


def told_apart(
    objects: Sequence[ObjectClass], parts: Sequence[PartClass], known: Iterable[ObjectClass | PartClass] = ()
) -> tuple[tuple[ObjectClass, ...], tuple[PartClass, ...]]:
    """The classes; those that are not ``known`` and have no colour but their name's get one that nobody has.

    Beyond the palette the colour of the name stays.
    """
    kept = {(type(item), item.name) for item in known}
    classes: list[ObjectClass | PartClass] = [*objects, *parts]
    given = [item for item in classes if (type(item), item.name) in kept or item.color != colour_of(item.name)]
    free = iter([colour for colour in PALETTE if colour not in {item.color for item in given}])
    return tuple(_with(item, given, free) for item in objects), tuple(_with(item, given, free) for item in parts)


def _with(item: Class, given: Sequence[ObjectClass | PartClass], free: Iterator[str]) -> Class:
    return item if item in given else replace(item, color=next(free, item.color))
