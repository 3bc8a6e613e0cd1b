"""What a project has already of what another one brings: the same record, or the same mask by the same author."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.schema import annotation, event, standing
from semsam_annotate.api import rle_iou

DOUBLE = 0.95
"""IoU from which two masks of one author with one name are one mask, as on a ladder."""

ALIVE = ("accepted", "superseded")


class Known:
    """What this project has of some images."""

    def __init__(self, connection: Connection, batch: list[str], ids: list[str]) -> None:
        self._connection = connection
        self.events = events_of(connection, batch)
        self._by_look: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        self.ids = set[str]()
        for some in batches(ids):
            same = select(annotation.c.id).where(annotation.c.id.in_(some))
            self.ids |= set(connection.execute(same).scalars())
        query = select(annotation, standing.c.status).join_from(annotation, standing)
        for row in connection.execute(query.where(annotation.c.sha256.in_(batch))).mappings():
            if row["status"] in ALIVE:
                self._by_look[_look(dict(row))].append(row)

    def known(self, row: Mapping[str, Any]) -> str | None:
        """The id of the same record here."""
        if row["id"] in self.ids or row["source_id"] is None:
            return row["id"] if row["id"] in self.ids else None
        names = ("source_system", "source_project", "source_id")
        source = [annotation.c[name] == row[name] for name in names]
        return self._connection.execute(select(annotation.c.id).where(*source)).scalar()

    def double(self, row: Mapping[str, Any], events: list[dict[str, Any]]) -> str | None:
        """The id of a mask here that the same author drew on the same pixels under the same name, accepted if possible.

        One that was corrected since, there or here, is the same still: its corrections are corrections of one mask.
        """
        if row["author"] is None or last_status(events) not in ALIVE:
            return None
        alike = (one for one in self._by_look[_look(row)] if rle_iou(one["mask"], row["mask"]) >= DOUBLE)
        ranked = sorted(alike, key=lambda one: one["status"])
        return ranked[0]["id"] if ranked else None


def _look(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["sha256"], *row["plane"], row["author"], row["kind"], row["object"], row["part"])


def events_of(connection: Connection, batch: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Events of every record of some images, by its id, as they came."""
    query = select(event).join(annotation, annotation.c.id == event.c.annotation)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = connection.execute(query.where(annotation.c.sha256.in_(batch)).order_by(event.c.seq)).mappings()
    for row in rows:
        found[row["annotation"]].append(without_seq(dict(row)))
    return found


def rows_by(connection: Connection, column: Any, batch: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a table by the image that ``column`` names, as they came."""
    table = column.table
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(column.in_(batch)).order_by(table.c.seq)).mappings():
        found[row["sha256"]].append(dict(row))
    return found


def last_status(events: list[dict[str, Any]]) -> str | None:
    """What the events of a record say that it is."""
    return next((one["value"] for one in reversed(events) if one["name"] == "status"), None)


def without_seq(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row to be inserted elsewhere."""
    return {name: value for name, value in row.items() if name != "seq"}
