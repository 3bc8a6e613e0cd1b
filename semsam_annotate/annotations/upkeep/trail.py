"""Lines of the audit trail about the store as a whole: what was done and how much, never a name."""

from sqlalchemy import Connection, insert

from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.schema import audit


def note(connection: Connection, what: str, counts: dict[str, int]) -> None:
    """Add a line in the transaction of what it tells."""
    connection.execute(insert(audit).values(what=what, counts=counts, time=now()))
