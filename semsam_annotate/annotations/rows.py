"""Between records and rows: what is written once, and the queries that put a record together again."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, insert, select

from semsam_annotate.annotations.record import NEW, Annotation, ImageRef, Source
from semsam_annotate.annotations.schema import annotation, event, image, image_split, standing
from semsam_annotate.annotations.standing import begin, open_tally, state_of_record
from semsam_annotate.annotations.succession import current, successors
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
    begin(connection, records)


def event_row(
    id: str, name: str, value: str, author: str | None, time: str, comment: str | None = None
) -> dict[str, Any]:
    """Row that tells that the "status" or the "review" state of a record is now another one."""
    return {"annotation": id, "name": name, "value": value, "author": author, "time": time, "comment": comment}


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
        open_tally(connection, ref.sha256)
    elif (row["height"], row["width"]) != (ref.height, ref.width):
        raise BadInput(
            f"image {ref.path} is {ref.width}x{ref.height}, the store has it as {row['width']}x{row['height']}"
        )


def select_records(time: str | None = None) -> Select[Any]:
    """Query of whole records, in the order they were written; ``time`` (ISO 8601, UTC): their states as of then."""
    columns = [column for column in annotation.c if column.name != "seq"]
    joined = annotation.join(image).join(standing, standing.c.annotation == annotation.c.id)
    joined = joined.outerjoin(image_split, image_split.c.sha256 == image.c.sha256)
    extra = (image.c.path, image.c.height, image.c.width, image_split.c.split, image_split.c.group_name)
    states = (state_of_record(name, time).label(name) for name in ("status", "review"))
    return select(*columns, *extra, *states).select_from(joined).order_by(annotation.c.seq)


def read_records(connection: Connection, query: Select[Any], time: str | None = None) -> list[Annotation]:
    """Records of a query made from ``select_records``, their parents as they are after corrections (``successors``)."""
    rows = connection.execute(query).mappings().all()
    heirs = successors(connection, {row["part_of"] for row in rows} - {None}, time)
    return [_record(row, heirs) for row in rows]


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
        review=None if row["review"] == NEW else row["review"],
        ladder=None if row["ladder"] is None else Ladder.kept(row["ladder"]),
        prompt=None if row["prompt"] is None else Prompt.from_json(row["prompt"]),
        source=source,
        split=row["split"],
        group=row["group_name"],
    )
