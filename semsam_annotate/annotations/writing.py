"""What happens inside one write transaction of the store: find, check, insert, tell."""

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, insert, select

from semsam_annotate.annotations.alike import alike
from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.hierarchy import check_parent, parents_first
from semsam_annotate.annotations.record import Annotation, Source
from semsam_annotate.annotations.rows import (
    event_row,
    insert_records,
    read_records,
    select_records,
)
from semsam_annotate.annotations.schema import annotation, event, standing
from semsam_annotate.annotations.standing import turn
from semsam_annotate.annotations.succession import choices, current, successors
from semsam_annotate.api import BadInput

PARENTS = "parents that are gone"


def find(connection: Connection, id: str) -> Annotation | None:
    """A record by its id, None when there is none."""
    found = read_records(connection, select_records().where(annotation.c.id == id))
    return found[0] if found else None


def need(connection: Connection, id: str) -> Annotation:
    """A record by its id; BadInput when there is none."""
    record = find(connection, id)
    if record is None:
        raise BadInput(f"no annotation {id} in the store")
    return record


def from_source(connection: Connection, source: Source) -> Annotation | None:
    """What the record from a source has become after corrections."""
    query = select(annotation.c.id).where(
        annotation.c.source_system == source.system,
        annotation.c.source_project == source.project,
        annotation.c.source_id == source.external_id,
    )
    id = now_called(connection, connection.execute(query).scalar())
    return None if id is None else find(connection, id)


def now_called(connection: Connection, id: str | None) -> str | None:
    """The id at the end of a record's chain of corrections."""
    return None if id is None else current(id, successors(connection, [id]))


def tell(
    connection: Connection,
    id: str,
    name: str,
    value: str,
    author: str | None,
    comment: str | None = None,
    time: str | None = None,
) -> None:
    """Add an event: the "status" or the "review" state of a record is now another one, or was since a ``time``."""
    connection.execute(insert(event).values(event_row(id, name, value, author, time or now(), comment)))
    turn(connection, id, name, value)


def statuses(connection: Connection, id: str) -> list[str]:
    """Every status that a record had, oldest first."""
    query = select(event.c.value).where(event.c.annotation == id, event.c.name == "status").order_by(event.c.seq)
    return list(connection.execute(query).scalars())


def write_one(connection: Connection, record: Annotation, replaces: str | None = None) -> Annotation:
    """Check a record's place in the hierarchy and write it; a part without an object's name takes its parent's."""
    record = record.with_(part_of=now_called(connection, record.part_of))
    if find(connection, record.id) is not None:
        raise BadInput(f"annotation {record.id} is already in the store: rows are never overwritten")
    check_parent(record, lambda id: find(connection, id), replaces)
    parent = None if record.part_of is None else find(connection, record.part_of)
    if record.object is None and parent is not None:
        record = record.with_(object=parent.object)
    insert_records(connection, [record])
    return need(connection, record.id)


def write_correction(connection: Connection, record: Annotation, author: str | None) -> Annotation:
    """Write a record in the place of the one that it supersedes; at no time are both accepted."""
    old = record.supersedes or ""
    written = write_one(connection, record, replaces=old)
    tell(connection, old, "status", "superseded", author, time=written.time)
    return written


def step_back(connection: Connection, id: str, author: str | None) -> Annotation:
    """Take back the last change of a record; if that made a correction, also give back what it had replaced."""
    record = need(connection, id)
    if record.status == "superseded":
        raise BadInput(_instead(connection, id))
    history = statuses(connection, id)
    back = history[-2] if len(history) > 1 else "deleted"
    old = None if record.supersedes is None else find(connection, record.supersedes)
    stood = old is not None and (len(history) == 1 or _stood_before(connection, old.id, id))
    tell(connection, id, "status", back, author)
    if old is not None and stood and back == "deleted" and old.status == "superseded":
        tell(connection, old.id, "status", "accepted", author)
    if old is not None and back == "accepted" and old.status == "accepted":
        tell(connection, old.id, "status", "superseded", author)
    return need(connection, id)


def _instead(connection: Connection, id: str) -> str:
    """What stands in the way of taking back a change of a superseded record, and what to do."""
    heir = connection.execute(choices().where(event.c.annotation == id)).first()
    if heir is not None:
        return f"{heir.value} was chosen over annotation {id}: release it (semsam project conflicts --release {id})"
    return f"annotation {id} was corrected by {now_called(connection, id)}: undo that one"


def _stood_before(connection: Connection, old: str, id: str) -> bool:
    """Whether ``old`` was accepted until the last change of ``id``; by times, since a merge brings its own order."""
    last = select(func.max(event.c.time)).where(event.c.annotation == id, event.c.name == "status").scalar_subquery()
    told = select(event.c.value).where(event.c.annotation == old, event.c.name == "status", event.c.time < last)
    return connection.execute(told.order_by(event.c.time.desc(), event.c.seq.desc()).limit(1)).scalar() == "accepted"


def write_many(
    connection: Connection,
    records: Sequence[Annotation],
    derived: Collection[str] = (),
    lost: Counter[str] | None = None,
) -> int:
    """Write the records that are new by id and by source, parents first; how many those were.

    What one corrects is superseded. Those whose id is ``derived`` are not new either where the store has their like.
    ``lost``: counts the parents that are not accepted any more, whose parts come without.
    """
    stands_for = _known(connection, records)
    stands_for |= alike(connection, [one for one in records if one.id in derived and one.id not in stands_for])
    fresh = {record.id: record for record in records if record.id not in stands_for}
    there = _accepted(connection, {stands_for[one.part_of] for one in fresh.values() if one.part_of in stands_for})
    for id, record in fresh.items():
        parent = stands_for.get(record.part_of or "", record.part_of)
        gone = record.part_of in stands_for and parent not in there
        fresh[id] = record.with_(part_of=None if gone else parent)
        if gone and lost is not None:
            lost[PARENTS] += 1
    ordered = [fresh[id] for id in parents_first({id: record.part_of for id, record in fresh.items()})]
    for record in ordered:
        check_parent(record, lambda id: fresh.get(id) or find(connection, id), record.supersedes)
    insert_records(connection, ordered)
    _supersede(connection, ordered)
    return len(ordered)


def _known(connection: Connection, records: Sequence[Annotation]) -> dict[str, str]:
    """By the ids of records that came before what these have become."""
    known = _known_ids(connection, [record.id for record in records])
    heirs = successors(connection, known)
    found = {id: current(id, heirs) or id for id in known}
    for record in records:
        was = None if record.source is None or record.id in known else from_source(connection, record.source)
        if was is not None:
            found[record.id] = was.id
    return found


def _supersede(connection: Connection, records: Sequence[Annotation]) -> None:
    """Follow corrections that were made elsewhere."""
    there = _accepted(connection, {record.supersedes for record in records if record.supersedes is not None})
    for record in records:
        if record.supersedes is not None and there.pop(record.supersedes, None) == record.image.sha256:
            tell(connection, record.supersedes, "status", "superseded", record.author, time=record.time)


def _accepted(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Those that are accepted, each with its image."""
    found: dict[str, str] = {}
    for some in batches(sorted(ids)):
        query = select(annotation.c.id, annotation.c.sha256).join_from(annotation, standing)
        query = query.where(annotation.c.id.in_(some), standing.c.status == "accepted")
        found |= {row.id: row.sha256 for row in connection.execute(query)}
    return found


def _known_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in batches(ids):
        query = select(annotation.c.id).where(annotation.c.id.in_(some))
        known.update(connection.execute(query).scalars())
    return known
