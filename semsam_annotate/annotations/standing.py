"""What records and images are now, kept beside the events that say so and changed in the same transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.schema import annotation, event, image, image_state, standing, tally


def open_tally(connection: Connection, sha256: str) -> None:
    """Begin to count an image."""
    plain = {"sha256": sha256, "accepted": 0, "scored": 0, "score_sum": 0.0}
    connection.execute(insert(tally).values(**plain, changed=_next()))


def begin(connection: Connection, records: Sequence[Annotation]) -> None:
    """Take up records that were written just now."""
    rows = [{"annotation": record.id, "status": record.status, "review": record.review} for record in records]
    connection.execute(insert(standing), rows)
    scores: dict[str, list[float | None]] = {}
    for record in records:
        if record.status == "accepted":
            scores.setdefault(record.image.sha256, []).append(record.score)
    for sha256, found in scores.items():
        known = [score for score in found if score is not None]
        _shift(connection, sha256, len(found), len(known), sum(known))


def turn(connection: Connection, id: str, name: str, value: str) -> None:
    """Follow an event of a record, its "status" or its "review"."""
    if name not in ("status", "review"):
        return
    here = select(annotation.c.sha256, annotation.c.score, standing.c.status)
    before = connection.execute(here.join_from(annotation, standing).where(annotation.c.id == id)).one()
    connection.execute(update(standing).where(standing.c.annotation == id).values({name: value}))
    step = (value == "accepted") - (before.status == "accepted") if name == "status" else 0
    if step:
        _shift(connection, before.sha256, step, step * (before.score is not None), step * (before.score or 0.0))


def say(connection: Connection, sha256: str, said: str) -> None:
    """Follow what a person said of an image."""
    connection.execute(update(tally).where(tally.c.sha256 == sha256).values(said=said, changed=_next()))


def rebuild(connection: Connection) -> None:
    """Make both tables anew from the events."""
    changed = connection.execute(select(_next())).scalar_one()
    for table in (standing, tally):
        connection.execute(delete(table))
    said = (newest("status"), newest("review"))
    told = select(annotation.c.id, *said).where(said[0].is_not(None))  # what has no status has no standing either
    connection.execute(insert(standing).from_select(list(standing.c), told))
    connection.execute(insert(tally).from_select(list(tally.c), counted(changed)))


def as_of(name: str, time: str, of: FromClause = annotation) -> ScalarSelect[str]:
    """What an event ("status" or "review") of the annotation in the enclosing query said last, up to a time."""
    told = event.alias()
    found = select(told.c.value).where(told.c.annotation == of.c.id, told.c.name == name, told.c.time <= time)
    return found.order_by(told.c.seq.desc()).limit(1).correlate(of).scalar_subquery()


def state_of_record(name: str, time: str | None = None) -> ColumnElement[Any]:
    """Its "status" or "review", in a query that joins ``standing``; ``time``: as it was then."""
    return standing.c[name] if time is None else as_of(name, time)


def newest(name: str, upto: int | None = None) -> ScalarSelect[str]:
    """What the events of the annotation in the enclosing query say last; ``upto``: those up to this number."""
    found = select(event.c.value).where(event.c.annotation == annotation.c.id, event.c.name == name)
    found = found if upto is None else found.where(event.c.seq <= upto)
    return found.order_by(event.c.seq.desc()).limit(1).correlate(annotation).scalar_subquery()


def counted(changed: int) -> Select[Any]:
    """What ``tally`` should hold, from standings and what was said of images."""
    scores = annotation.c.score
    columns = (func.count().label("n"), func.count(scores).label("scored"), func.sum(scores).label("total"))
    found = select(annotation.c.sha256, *columns).join_from(annotation, standing)
    sums = found.where(standing.c.status == "accepted").group_by(annotation.c.sha256).subquery()
    last = select(image_state.c.state).where(image_state.c.sha256 == image.c.sha256)
    said = last.order_by(image_state.c.seq.desc()).limit(1).correlate(image).scalar_subquery().label("said")
    numbers = [func.coalesce(sums.c[name], 0).label(name) for name in ("n", "scored", "total")]
    joined = image.outerjoin(sums, sums.c.sha256 == image.c.sha256)
    return select(image.c.sha256, *numbers, said, literal(changed).label("changed")).select_from(joined)


def _shift(connection: Connection, sha256: str, accepted: int, scored: int, score: float) -> None:
    values = {
        "accepted": tally.c.accepted + accepted,
        "scored": tally.c.scored + scored,
        "score_sum": tally.c.score_sum + score,
        "changed": _next(),
    }
    connection.execute(update(tally).where(tally.c.sha256 == sha256).values(values))


def _next() -> ScalarSelect[int]:
    """One more than any change so far: writers come one after the other, so the order is that of the commits."""
    other = tally.alias()
    return select(func.coalesce(func.max(other.c.changed), 0) + 1).scalar_subquery()
