"""What has become of records that came from another system: each region's records, its corrections here included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Select, select

from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.rows import read_records, select_records
from semsam_annotate.annotations.schema import annotation, event, standing
from semsam_annotate.annotations.succession import corrections_of


@dataclass
class Line:
    """The records of one region as they came, and what corrects them; ``told``: those that came from there.

    ``removed``: the other system took the region away, and has not brought it back since.
    """

    records: list[Annotation] = field(default_factory=list)
    told: list[Annotation] = field(default_factory=list)
    removed: bool = False

    @property
    def standing(self) -> list[Annotation]:
        """Those that are accepted: one, unless somebody made it twice."""
        return [record for record in self.records if record.status == "accepted"]


def lines(connection: Connection, system: str, project: str, prefix: str) -> dict[str, Line]:
    """By region: what is between ``prefix`` and the version behind the last "/" of external ids; oldest first.

    Events whose author begins with the name of ``system`` are what was done there.
    """
    came = _came_from(connection, system, project, prefix)
    query = select_records().where(annotation.c.id.in_(corrections_of(came)))
    found, regions = dict[str, Line](), dict[str, str]()
    for record in _in_order(read_records(connection, query)):
        source = record.source
        ours = source is not None and (source.system, source.project) == (system, project)
        if source is not None and ours and source.external_id.startswith(prefix):
            regions[record.id] = source.external_id[len(prefix) :].rpartition("/")[0]
            found.setdefault(regions[record.id], Line()).told.append(record)
        else:
            regions[record.id] = regions[record.supersedes or ""]
        found[regions[record.id]].records.append(record)
    told, begun = {record.id for line in found.values() for record in line.told}, set[str]()
    for id, value, author in _told(connection, corrections_of(came)):
        if (id in told and id not in begun) or (author or "").startswith(system):
            found[regions[id]].removed = value == "deleted"
        begun.add(id)
    return found


def accepted_origins(connection: Connection, system: str, project: str) -> set[str]:
    """What is before the first "/" of the external ids of records that are accepted, or that others correct."""
    query = select(annotation.c.source_id).join_from(annotation, standing)
    query = query.where(annotation.c.source_system == system, annotation.c.source_project == project)
    rows = connection.execute(query.where(standing.c.status.in_(("accepted", "superseded")))).scalars()
    return {str(id).partition("/")[0] for id in rows}


def _came_from(connection: Connection, system: str, project: str, prefix: str) -> Select[tuple[str]]:
    query = select(annotation.c.id).where(annotation.c.source_system == system, annotation.c.source_project == project)
    if connection.dialect.name == "sqlite":  # its index serves this, not a LIKE; servers order texts by their language
        query = query.where(annotation.c.source_id.between(prefix, prefix + "\U0010ffff"))
    return query.where(annotation.c.source_id.startswith(prefix, autoescape=True))


def _in_order(records: Sequence[Annotation]) -> Iterable[Annotation]:
    """What is corrected before its corrections; a merge may have written them the other way round."""
    left = {record.id: record for record in records}
    while left:
        ready = [record for record in left.values() if record.supersedes not in left]
        for record in ready or list(left.values()):
            del left[record.id]
            yield record


def _told(connection: Connection, ids: Select[tuple[str]]) -> list[tuple[str, str, str | None]]:
    """Of each status that these had: record, status, who gave it; oldest first."""
    query = select(event.c.annotation, event.c.value, event.c.author)
    query = query.where(event.c.name == "status", event.c.annotation.in_(ids)).order_by(event.c.seq)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
