"""Schema versions: a fresh store is made at the newest, an older one is brought there, a newer one is refused."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
)

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.schema import metadata, schema_version
from semsam_annotate.api import BadInput

Migration: TypeAlias = Callable[[Connection], None]


def _add_journal(connection: Connection) -> None:
    number = BigInteger().with_variant(Integer, "sqlite")
    tables = MetaData()
    Table("image", tables, Column("sha256", String(64), primary_key=True))
    journal = Table(
        "journal",
        tables,
        Column("seq", number, primary_key=True, autoincrement=True),
        Column("sha256", String(64), ForeignKey("image.sha256"), nullable=False),
        *(Column(name, String, nullable=name == "author") for name in ("plane", "author", "kind")),
        Column("of", BigInteger),
        Column("title", String, nullable=False),
        *(Column(name, JSON(none_as_null=True), nullable=False) for name in ("gone", "brought")),
        Column("time", String, nullable=False),
    )
    Index("journal_of", journal.c.sha256, journal.c.plane, journal.c.seq)
    journal.create(connection)


def _add_image_state(connection: Connection) -> None:
    tables = MetaData()
    Table("image", tables, Column("sha256", String(64), primary_key=True))
    states = Table(
        "image_state",
        tables,
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("sha256", String(64), ForeignKey("image.sha256"), nullable=False),
        *(Column(name, String, nullable=name == "author") for name in ("state", "author", "time")),
    )
    Index("image_state_of", states.c.sha256, states.c.seq)
    states.create(connection)


def _add_standing(connection: Connection) -> None:
    """Tables that repeat what the events add up to, filled from them; comments of reviews; the audit trail."""
    tables = MetaData()
    Table("image", tables, Column("sha256", String(64), primary_key=True))
    Table("annotation", tables, Column("id", String, primary_key=True))
    made = [
        Table(
            "standing",
            tables,
            Column("annotation", String, ForeignKey("annotation.id"), primary_key=True),
            Column("status", String, nullable=False),
            Column("review", String, index=True),
        ),
        Table(
            "tally",
            tables,
            Column("sha256", String(64), ForeignKey("image.sha256"), primary_key=True),
            *(Column(name, Integer, nullable=False) for name in ("accepted", "scored")),
            Column("score_sum", Double, nullable=False),
            Column("said", String),
            Column("changed", BigInteger, nullable=False, index=True),
        ),
        Table(
            "audit",
            tables,
            Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
            Column("what", String, nullable=False),
            Column("counts", JSON(none_as_null=True), nullable=False),
            Column("time", String, nullable=False),
        ),
    ]
    tables.create_all(connection, tables=made, checkfirst=False)
    for statement in (*_STANDING, *_COLUMNS):
        connection.exec_driver_sql(statement)


_LAST = "(SELECT value FROM event WHERE event.annotation = a.id AND event.name = '{}' ORDER BY event.seq DESC LIMIT 1)"
_SAID = "(SELECT state FROM image_state s WHERE s.sha256 = i.sha256 ORDER BY s.seq DESC LIMIT 1)"
_STANDING = (
    "INSERT INTO standing (annotation, status, review) "
    f"SELECT a.id, {_LAST.format('status')}, {_LAST.format('review')} FROM annotation a",
    "INSERT INTO tally (sha256, accepted, scored, score_sum, said, changed) "
    f"SELECT i.sha256, coalesce(c.n, 0), coalesce(c.s, 0), coalesce(c.x, 0), {_SAID}, 1 FROM image i LEFT JOIN "
    "(SELECT a.sha256 AS sha256, count(*) AS n, count(a.score) AS s, sum(a.score) AS x FROM annotation a "
    "JOIN standing t ON t.annotation = a.id WHERE t.status = 'accepted' GROUP BY a.sha256) c ON c.sha256 = i.sha256",
)
_COLUMNS = (
    "ALTER TABLE event ADD COLUMN comment VARCHAR",
    "CREATE INDEX ix_annotation_part_of ON annotation (part_of)",
)


def _add_said(connection: Connection) -> None:
    """Steps that are reviews."""
    connection.exec_driver_sql("ALTER TABLE journal ADD COLUMN said JSON")


MIGRATIONS: tuple[Migration, ...] = (_add_journal, _add_image_state, _add_standing, _add_said)
"""``MIGRATIONS[i]`` brings a store from version i + 1 to i + 2; its statements are written out, never derived from
``schema``, which only describes the newest version."""


def prepare(engine: Engine, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Make the store ready; one that is up to date is only read, so a read-only copy still opens."""
    with transaction(engine) as connection:
        if inspect(connection).has_table(schema_version.name):
            found = max(connection.execute(select(schema_version.c.version)).scalars(), default=0)
            if found == 1 + len(steps):
                return
    with transaction(engine, write=True) as connection:
        bring_up_to_date(connection, steps)


def bring_up_to_date(connection: Connection, steps: Sequence[Migration] = MIGRATIONS) -> int:
    """Create or migrate inside the transaction given; the version now. BadInput for a newer or a foreign database."""
    newest = 1 + len(steps)
    tables = set(inspect(connection).get_table_names())
    if schema_version.name not in tables:
        if tables & {"image", "annotation", "event"} or (tables and connection.dialect.name == "sqlite"):
            raise BadInput("this database is not an annotation store: it has other tables")
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version=newest))
        return newest
    found = max(connection.execute(select(schema_version.c.version)).scalars(), default=0)
    if found > newest:
        raise BadInput(
            f"this store has schema {found}, this program knows up to {newest}: update semsam-annotate to open it"
        )
    for version in range(found, newest):
        steps[version - 1](connection)
        connection.execute(insert(schema_version).values(version=version + 1))
    return newest
