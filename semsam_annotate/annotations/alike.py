"""Masks on their way in that a store has under another id: most formats have no place for ids."""

from collections.abc import Sequence

from sqlalchemy import Connection

from semsam_annotate.annotations.hierarchy import object_of
from semsam_annotate.annotations.outgoing import image_batches
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.rows import read_records, select_records
from semsam_annotate.annotations.schema import annotation, standing


def alike(connection: Connection, records: Sequence[Annotation]) -> dict[str, str]:
    """By the ids of ``records`` that of an accepted one with the same pixels and names, where there is one."""
    known: dict[tuple[object, ...], str] = {}
    for batch in image_batches(dict.fromkeys(record.image.sha256 for record in records)):
        query = select_records().where(annotation.c.sha256.in_(batch), standing.c.status == "accepted")
        there = read_records(connection, query)
        by_id = {record.id: record for record in there}
        for record in there:
            above = object_of(record, by_id)
            for name in {record.object, record.object if above is None else above.object}:  # files have the latter
                known.setdefault(_looks(record, name), record.id)
    found = ((record.id, known.get(_looks(record, record.object))) for record in records)
    return {id: other for id, other in found if other is not None}


def _looks(record: Annotation, name: str | None) -> tuple[object, ...]:
    return record.image.sha256, record.plane, record.mask["counts"], record.kind, name, record.part
