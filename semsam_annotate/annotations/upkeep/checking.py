"""Whether a store holds together: its file, its references, its masks, its splits, and the sums beside its events."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, and_, cast, func, or_, select

from semsam_annotate.annotations.connection import StoreUnavailable, transaction
from semsam_annotate.annotations.outgoing import image_batches
from semsam_annotate.annotations.schema import annotation, audit, event, image, image_split, image_state, journal
from semsam_annotate.annotations.schema import standing as standing_table
from semsam_annotate.annotations.schema import tally as tally_table
from semsam_annotate.annotations.standing import counted, newest
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.annotations.upkeep.file_damage import FILE, file_damage
from semsam_annotate.annotations.upkeep.problem import SHOWN, Problem
from semsam_annotate.api import decode_rle
from semsam_annotate.api.errors import DAMAGED


def check(store: AnnotationStore, progress: Callable[[int, int], None] | None = None) -> list[Problem]:
    """Everything that is wrong, nothing when all is well; nothing is changed. ``progress`` counts images."""
    found: list[Problem] = []
    try:
        with transaction(store.engine, steady=True) as connection:
            for look in (file_damage, _texts, _references, _sums, _groups):
                found += look(connection)
            found += _problems(_records(connection, progress))
    except StoreUnavailable:
        if not any(problem.kind == FILE for problem in found):
            raise  # else it is told already why no more can be read
    return found


def _texts(connection: Connection) -> Iterator[Problem]:
    """JSON and numbers that are none; a server takes no such. Masks are looked at one by one."""
    if connection.dialect.name == "sqlite":
        records = [annotation.c[name] for name in ("ladder", "prompt", "proposed_mask")]
        yield from _told("records that cannot be read", _ids(connection, _no_json(records)))
        numbers = [annotation.c[name] for name in ("level", "score", "seconds", "clicks", "edits", "rung")]
        yield from _told("masks with a number that is none", _ids(connection, _no_number(numbers)))
        sides = select(image.c.sha256).where(_no_number([image.c.height, image.c.width]))
        yield from _told("images with a side that is no number", list(connection.execute(sides).scalars()))
        for table, names in ((journal, ("gone", "brought", "said")), (audit, ("counts",))):
            query = select(table.c.seq).where(_no_json([table.c[name] for name in names]))
            yield from _told(
                f"rows of {table.name} that cannot be read", list(map(str, connection.execute(query).scalars()))
            )


def _no_json(columns: Sequence[Column[Any]]) -> ColumnElement[bool]:
    return or_(*(and_(column.is_not(None), func.json_valid(cast(column, String)) == 0) for column in columns))


def _no_number(columns: Sequence[Column[Any]]) -> ColumnElement[bool]:
    return or_(*(func.typeof(column).not_in(("integer", "real", "null")) for column in columns))


def _ids(connection: Connection, where: ColumnElement[bool]) -> list[str]:
    return list(connection.execute(select(annotation.c.id).where(where)).scalars())


def _references(connection: Connection) -> Iterator[Problem]:
    wanted: list[tuple[str, Column[Any], Column[Any]]] = [
        ("images of masks that are not there", annotation.c.sha256, image.c.sha256),
        ("events of masks that are not there", event.c.annotation, annotation.c.id),
        ("splits of images that are not there", image_split.c.sha256, image.c.sha256),
        ("steps in images that are not there", journal.c.sha256, image.c.sha256),
        ("states of images that are not there", image_state.c.sha256, image.c.sha256),
    ]
    for kind, column, key in wanted:
        query = select(column).outerjoin_from(column.table, key.table, key == column).where(key.is_(None)).distinct()
        yield from _told(kind, [str(row[0]) for row in connection.execute(query)])
    above = annotation.alias()
    lost = select(annotation.c.id).outerjoin(above, above.c.id == annotation.c.part_of)
    lost = lost.where(annotation.c.part_of.is_not(None), above.c.id.is_(None))
    yield from _told("parts of masks that are not there", list(connection.execute(lost).scalars()))
    told = select(event.c.seq).where(event.c.annotation == annotation.c.id, event.c.name == "status")
    yield from _told("masks without a status", _ids(connection, ~told.correlate(annotation).exists()))


def _sums(connection: Connection) -> Iterator[Problem]:
    """The two tables that repeat what events say."""
    status, review = newest("status"), newest("review")
    joined = annotation.outerjoin(standing_table, standing_table.c.annotation == annotation.c.id)
    query = select(annotation.c.id).select_from(joined)
    other = (
        standing_table.c.status.is_distinct_from(status),
        standing_table.c.review.is_distinct_from(review),
    )
    wrong = list(connection.execute(query.where(or_(*other), status.is_not(None))).scalars())
    yield from _told("masks whose status is not what their events say", wrong, repairable=True)
    truth = counted(0).subquery()
    sha256, accepted, scored, total, said, _ = truth.c
    here = tally_table.c
    joined = truth.outerjoin(tally_table, here.sha256 == sha256)
    differs = or_(
        here.sha256.is_(None),
        here.accepted != accepted,
        here.scored != scored,
        func.abs(here.score_sum - total) > 1e-6,
        here.said.is_distinct_from(said),
    )
    rows = list(connection.execute(select(sha256).select_from(joined).where(differs)).scalars())
    yield from _told("images whose masks are counted wrongly", rows, repairable=True)


def _groups(connection: Connection) -> Iterator[Problem]:
    name = image_split.c.group_name
    query = select(name).where(name.is_not(None)).group_by(name).having(func.count(image_split.c.split.distinct()) > 1)
    yield from _told("groups of images in several splits", list(connection.execute(query).scalars()))


def _records(connection: Connection, progress: Callable[[int, int], None] | None) -> Iterator[tuple[str, str]]:
    """(what is wrong, id), image by image: parents and corrections lie within one."""
    images = connection.execute(select(image.c.sha256, image.c.height, image.c.width).order_by(image.c.sha256)).all()
    sizes = {row.sha256: [row.height, row.width] for row in images}
    done = 0
    for batch in image_batches(sizes):
        names = ("id", "sha256", "part_of", "supersedes")
        texts = (cast(annotation.c[name], String).label(name) for name in ("plane", "mask"))
        query = select(*(annotation.c[name] for name in names), *texts).where(annotation.c.sha256.in_(batch))
        by_image: dict[str, list[Any]] = defaultdict(list)
        for row in connection.execute(query.order_by(annotation.c.seq)):
            by_image[row.sha256].append(row)
        for sha, rows in by_image.items():
            for row in rows:
                yield from ((what, row.id) for what in (*_plane(row.plane), *_mask(row.mask, sizes[sha])))
            yield from _family(rows)
        done += len(batch)
        if progress is not None:
            progress(done, len(sizes))


def _plane(plane: str) -> Iterator[str]:
    try:
        whole = all(isinstance(index, int) for index in [*json.loads(plane)])
    except DAMAGED:
        whole = False
    if not whole:
        yield "records that cannot be read"


def _mask(mask: str, size: list[int]) -> Iterator[str]:
    try:
        shape = list(decode_rle(json.loads(mask)).shape)
    except DAMAGED:
        yield "masks that cannot be decoded"
        return
    if shape != size:
        yield "masks of another size than their image"


def _family(rows: Sequence[Any]) -> Iterator[tuple[str, str]]:
    by_id = {row.id: row for row in rows}
    for field, what in (("part_of", "parts that are parts of themselves"), ("supersedes", "corrections in a circle")):
        up = {row.id: getattr(row, field) for row in rows}
        yield from ((what, id) for id in _circling(up))
    for row in rows:
        above = by_id.get(row.part_of or "")
        if row.part_of is not None and (above is None or above.plane != row.plane):
            yield "parts of masks in another image or plane", row.id


def _circling(up: dict[str, str | None]) -> Iterator[str]:
    for start in up:
        seen: set[str] = set()
        at = up[start]
        while at is not None and at not in seen and at != start:
            seen.add(at)
            at = up.get(at)
        if at == start:
            yield start


def _problems(found: Iterator[tuple[str, str]]) -> list[Problem]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for what, id in found:
        grouped[what].append(id)
    return [problem for what, ids in grouped.items() for problem in _told(what, ids)]


def _told(kind: str, found: Sequence[str], repairable: bool = False) -> Iterator[Problem]:
    if found:
        yield Problem(kind, len(found), tuple(found[:SHOWN]), repairable)
