"""Schema versions: a fresh store is made at the newest, an older one is brought there, a newer one is refused."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
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


MIGRATIONS: tuple[Migration, ...] = (_add_journal, _add_image_state)
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
