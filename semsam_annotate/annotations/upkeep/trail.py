"""Lines of the audit trail about the store as a whole: what was done and how much, never a name."""

from sqlalchemy import Connection, Engine, insert, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.schema import audit

RESTORE = "restore"


def note(connection: Connection, what: str, counts: dict[str, int]) -> None:
    """Add a line in the transaction of what it tells."""
    connection.execute(insert(audit).values(what=what, counts=counts, time=now()))


def last_restoring(engine: Engine) -> str:
    """When a backup was put in the place of the store, "" for never: what knows it by heart has to look again then."""
    query = select(audit.c.time).where(audit.c.what == RESTORE).order_by(audit.c.seq.desc()).limit(1)
    with transaction(engine) as connection:
        return str(connection.execute(query).scalar() or "")
