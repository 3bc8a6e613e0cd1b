"""How many accepted masks every plain image has, and how many of them nobody knows; kept up to date by what changed."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.plain_masks import plain_masks
from semsam_annotate.annotations.schema import annotation, event, tally
from semsam_annotate.annotations.standing import newest

MANY = 5_000
"""Images that changed, from which counting all of them anew is quicker."""


class FreshMasks:
    """``accepted``, ``fresh``: numbers by the sha256 of images. Costs the number of masks once, then what changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._change = -1
        self._known: tuple[KnownMasks, ...] = ()
        self.accepted = Counter[str]()
        self.fresh = Counter[str]()

    def update(self, known: Sequence[KnownMasks]) -> Collection[str]:
        """Count what none of ``known`` knows; the images that changed since this was last done, all the first time."""
        with transaction(self._engine, steady=True) as connection:
            usable = tuple(one for one in known if one.holds(connection))
            last = int(connection.execute(select(func.coalesce(func.max(tally.c.changed), 0))).scalar_one())
            changed = self._changed(connection, last)
            if changed is None:
                query = plain_masks(annotation.c.sha256, func.count()).group_by(annotation.c.sha256)
                self.accepted = Counter({row[0]: row[1] for row in connection.execute(query)})
            if changed is None or usable != self._known:
                self.fresh = _counted(connection, usable, self.accepted)
            for images in batches(changed or ()):
                self._recount(connection, usable, images)
        self._change, self._known = last, usable
        return self.accepted.keys() if changed is None else changed

    def _changed(self, connection: Connection, last: int) -> list[str] | None:
        """Images that changed since the last update; None for all of them."""
        if not 0 <= self._change <= last:
            return None
        query = select(tally.c.sha256).where(tally.c.changed > self._change)
        found = list(connection.execute(query.limit(MANY)).scalars())
        return found if len(found) < MANY else None

    def _recount(self, connection: Connection, known: tuple[KnownMasks, ...], images: list[str]) -> None:
        for sha256 in images:
            self.accepted[sha256] = self.fresh[sha256] = 0
        for sha256, _, new in _masks(connection, known, annotation.c.sha256.in_(images)):
            self.accepted[sha256] += 1
            self.fresh[sha256] += new


def _counted(connection: Connection, known: tuple[KnownMasks, ...], accepted: Counter[str]) -> Counter[str]:
    """Fresh masks of every image: those that have changed since the newest of ``known`` are looked at, or those that
    had before, whichever are fewer."""
    if not known:
        return accepted.copy()
    newest_of = max(known, key=lambda one: one.seq)
    last = connection.execute(select(func.coalesce(func.max(event.c.seq), 0))).scalar_one()
    since = 2 * newest_of.seq > last
    found = Counter[str]() if since else accepted.copy()
    named = newest_of.without if since else frozenset[str]().union(*(one.besides for one in known))
    told = select(event.c.annotation).where(event.c.name == "status")
    told = told.where(event.c.seq > newest_of.seq if since else event.c.seq <= newest_of.seq)
    conditions: list[ColumnElement[bool]] = [annotation.c.id.in_(told)]
    conditions += [annotation.c.id.in_(ids) & annotation.c.id.not_in(told) for ids in batches(named)]
    for condition in conditions:
        for sha256, new in ((one[0], one[2]) for one in _masks(connection, known, condition)):
            found[sha256] += new if since else new - 1
    return found


def _masks(
    connection: Connection, known: tuple[KnownMasks, ...], condition: ColumnElement[bool]
) -> Iterator[tuple[str, str, bool]]:
    """Of accepted masks the image's sha256, the id, and whether none of ``known`` knows it."""
    was = [newest("status", one.seq).label(f"was_{place}") for place, one in enumerate(known)]
    columns: list[Any] = [annotation.c.sha256, annotation.c.id, *was]
    for sha256, id, *states in connection.execute(plain_masks(*columns).where(condition)):
        yield sha256, id, not any(one.knows(id, state) for one, state in zip(known, states, strict=True))
