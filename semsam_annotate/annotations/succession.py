"""Which record stands for one that was superseded: its correction, or another person's mask that was chosen over it."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.schema import annotation, event, standing
from semsam_annotate.annotations.standing import as_of, state_of_record

_ALIVE = ("accepted", "superseded")


def choices(time: str | None = None) -> Select[Any]:
    """Query of (seq, annotation, value) of every choice that holds: neither another one nor its release followed it.

    ``annotation`` gave way to ``value``; ``time`` (ISO 8601, UTC): choices as of then.
    """
    later = event.alias()
    lifted = or_(later.c.name == "heir", and_(later.c.name == "status", later.c.value == "accepted"))
    follows: list[ColumnElement[bool]] = [later.c.annotation == event.c.annotation, later.c.seq > event.c.seq, lifted]
    holds: list[ColumnElement[bool]] = [event.c.name == "heir"]
    if time is not None:
        follows.append(later.c.time <= time)
        holds.append(event.c.time <= time)
    return select(event.c.seq, event.c.annotation, event.c.value).where(*holds, ~exists().where(*follows))


def overruled() -> ColumnElement[bool]:
    """Whether a record, in a query that joins ``standing``, has given way to another one by a choice that holds."""
    lost = choices().where(event.c.annotation == annotation.c.id).correlate(annotation)
    return and_(standing.c.status == "superseded", lost.exists())


def successors(connection: Connection, ids: Iterable[str], time: str | None = None) -> dict[str, str]:
    """Which record stands in for a superseded one of ``ids``: its latest correction, one not deleted if possible.

    Those that were themselves superseded are followed, so that ``current`` finds the end of every chain.
    """
    heirs: dict[str, str] = {}
    wanted = set(ids)
    while passed := _superseded(connection, sorted(wanted), time) - heirs.keys():
        found = _next_in_line(connection, sorted(passed), time)
        heirs |= found
        wanted = set(found.values()) - heirs.keys()
    return heirs


def _superseded(connection: Connection, ids: Sequence[str], time: str | None) -> set[str]:
    found: set[str] = set()
    query = select(annotation.c.id).join_from(annotation, standing)
    query = query.where(state_of_record("status", time) == "superseded")
    for some in batches(ids):
        found |= set(connection.execute(query.where(annotation.c.id.in_(some))).scalars())
    return found


def _next_in_line(connection: Connection, ids: Sequence[str], time: str | None) -> dict[str, str]:
    heirs: dict[str, str] = {}
    alive: set[str] = set()
    for some in batches(ids):
        for was, now, state in _candidates(connection, some, time):
            if state in _ALIVE or was not in alive:
                heirs[was] = now
                alive |= {was} if state in _ALIVE else set()
    return heirs


def _candidates(connection: Connection, ids: Sequence[str], time: str | None) -> list[tuple[str, str, str]]:
    """(superseded id, id that may stand for it, that one's status) of ``ids`` and all their corrections, as they came.

    A chain of corrections may be long, so it is followed by the database.
    """
    old, now, then, birth = annotation.alias(), standing.alias(), standing.alias(), event.alias()
    born = select(func.min(birth.c.seq)).where(birth.c.annotation == annotation.c.id).correlate(annotation)
    joined = annotation.join(now, now.c.annotation == annotation.c.id)
    chosen = choices(time).subquery()
    state: Any = now.c.status if time is None else as_of("status", time)
    before: Any = then.c.status if time is None else as_of("status", time, old)
    line = corrections_of(ids)
    found: list[tuple[int, str, str, str]] = []
    for was, way, order in (
        (annotation.c.supersedes, joined, born.scalar_subquery()),
        (chosen.c.annotation, joined.join(chosen, chosen.c.value == annotation.c.id), chosen.c.seq),
    ):
        pair = way.join(old, old.c.id == was).join(then, then.c.annotation == old.c.id)
        query = (
            select(order, was, annotation.c.id, state).select_from(pair).where(was.in_(line), before == "superseded")
        )
        found += [(row[0], row[1], row[2], row[3]) for row in connection.execute(query) if row[3] is not None]
    return [(was, now_id, status) for _, was, now_id, status in sorted(found)]


def corrections_of(ids: Sequence[str] | Select[Any]) -> Select[Any]:
    """Query of ``ids`` and of everything that corrects them, and what corrects that."""
    line = select(annotation.c.id).where(annotation.c.id.in_(ids)).cte("line", recursive=True)
    made = annotation.alias()
    line = line.union(select(made.c.id).join(line, made.c.supersedes == line.c.id))
    return select(line.c.id)


def corrected_by(id: str) -> Select[Any]:
    """Query of ``id`` and of everything that it corrects."""
    line = select(annotation.c.id, annotation.c.supersedes).where(annotation.c.id == id).cte("line", recursive=True)
    old = annotation.alias()
    line = line.union(select(old.c.id, old.c.supersedes).join(line, old.c.id == line.c.supersedes))
    return select(line.c.id)


def current(id: str | None, heirs: dict[str, str]) -> str | None:
    """The id at the end of a chain of corrections."""
    seen = {id}
    while id is not None and id in heirs and heirs[id] not in seen:
        id = heirs[id]
        seen.add(id)
    return id
