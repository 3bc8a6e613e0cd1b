"""Between records and rows: what is written once, and the queries that put a record together again."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, FromClause, RowMapping, ScalarSelect, Select, insert, select

from semsam_annotate.annotations.record import Annotation, ImageRef, Source
from semsam_annotate.annotations.schema import annotation, event, image, image_split
from semsam_annotate.api import BadInput, Ladder, Prompt

_PLAIN = [
    "id",
    "mask",
    "kind",
    "object",
    "part",
    "part_of",
    "track",
    "level",
    "score",
    "author",
    "time",
    "seconds",
    "clicks",
    "edits",
    "rung",
    "model",
    "proposed_mask",
    "supersedes",
]


def insert_records(connection: Connection, records: Sequence[Annotation]) -> None:
    """Write records, parents before their parts, and the events that give them their status."""
    if not records:
        return
    connection.execute(insert(annotation), [_values(record) for record in records])
    told: list[tuple[Annotation, str, str]] = [(record, "status", record.status) for record in records]
    told += [(record, "review", record.review) for record in records if record.review is not None]
    rows = [event_row(record.id, name, value, record.author, record.time) for record, name, value in told]
    connection.execute(insert(event), rows)


def event_row(id: str, name: str, value: str, author: str | None, time: str) -> dict[str, Any]:
    """Row that tells that the "status" or the "review" state of a record is now another one."""
    return {"annotation": id, "name": name, "value": value, "author": author, "time": time}


def _values(record: Annotation) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    values["sha256"], values["plane"] = record.image.sha256, list(record.plane)
    values["ladder"] = None if record.ladder is None else record.ladder.to_json()
    values["prompt"] = None if record.prompt is None else record.prompt.to_json()
    source = record.source
    values["source_system"] = None if source is None else source.system
    values["source_project"] = None if source is None else source.project
    values["source_id"] = None if source is None else source.external_id
    return values


def insert_image(connection: Connection, ref: ImageRef) -> None:
    """Register an image; one that is known keeps its first path. BadInput when the same name has another size."""
    row = connection.execute(select(image).where(image.c.sha256 == ref.sha256)).mappings().first()
    if row is None:
        values = {"sha256": ref.sha256, "path": ref.path, "height": ref.height, "width": ref.width}
        connection.execute(insert(image).values(values))
    elif (row["height"], row["width"]) != (ref.height, ref.width):
        raise BadInput(
            f"image {ref.path} is {ref.width}x{ref.height}, the store has it as {row['width']}x{row['height']}"
        )


def latest(name: str, of: FromClause = annotation) -> ScalarSelect[str]:
    """The newest value of an event ("status" or "review") of the annotation in the enclosing query."""
    found = select(event.c.value).where(event.c.annotation == of.c.id, event.c.name == name)
    return found.order_by(event.c.seq.desc()).limit(1).correlate(of).scalar_subquery()


@cache
def select_records() -> Select[Any]:
    """Query of whole records, in the order they were written."""
    columns = [column for column in annotation.c if column.name != "seq"]
    joined = annotation.join(image).outerjoin(image_split, image_split.c.sha256 == image.c.sha256)
    extra = (image.c.path, image.c.height, image.c.width, image_split.c.split, image_split.c.group_name)
    query = select(*columns, *extra, latest("status").label("status"), latest("review").label("review"))
    return query.select_from(joined).order_by(annotation.c.seq)


def read_records(connection: Connection, query: Select[Any], heirs: dict[str, str] | None = None) -> list[Annotation]:
    """Records of a query made from ``select_records``, their parents as they are after corrections (``successors``)."""
    heirs = successors(connection) if heirs is None else heirs
    return [_record(row, heirs) for row in connection.execute(query).mappings()]


def successors(connection: Connection) -> dict[str, str]:
    """Which record stands in for a superseded one now: its latest correction, one that was not deleted if possible."""
    old = annotation.alias()
    status = latest("status")
    query = select(old.c.id, annotation.c.id, status).join(old, old.c.id == annotation.c.supersedes)
    query = query.where(latest("status", old) == "superseded").order_by(annotation.c.seq)
    heirs: dict[str, str] = {}
    alive: set[str] = set()
    for was, now, state in connection.execute(query):
        if state in ("accepted", "superseded") or was not in alive:
            heirs[was] = now
            alive |= {was} if state in ("accepted", "superseded") else set()
    return heirs


def current(id: str | None, heirs: dict[str, str]) -> str | None:
    """The id at the end of a chain of corrections."""
    seen = {id}
    while id is not None and id in heirs and heirs[id] not in seen:
        id = heirs[id]
        seen.add(id)
    return id


def image_refs(rows: Iterable[RowMapping]) -> list[ImageRef]:
    """References from rows of the image table."""
    return [ImageRef(row["sha256"], row["path"], row["height"], row["width"]) for row in rows]


def _record(row: RowMapping, heirs: dict[str, str]) -> Annotation:
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    plain["part_of"] = current(row["part_of"], heirs)
    source = None
    if row["source_id"] is not None:
        source = Source(row["source_system"], row["source_project"], row["source_id"])
    return Annotation(
        **plain,
        image=ImageRef(row["sha256"], row["path"], row["height"], row["width"]),
        plane=tuple(row["plane"]),
        status=row["status"],
        review=row["review"],
        ladder=None if row["ladder"] is None else Ladder.from_json(row["ladder"]),
        prompt=None if row["prompt"] is None else Prompt.from_json(row["prompt"]),
        source=source,
        split=row["split"],
        group=row["group_name"],
    )
