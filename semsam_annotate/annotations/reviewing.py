"""What reviewers say of a mask: an event each, the last word counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from semsam_annotate.annotations.record import NEW
from semsam_annotate.annotations.schema import event
from semsam_annotate.annotations.writing import need, tell
from semsam_annotate.api import BadInput

APPROVED, CHANGES = "approved", "changes requested"
STATES = (APPROVED, CHANGES)


@dataclass(frozen=True)
class Word:
    """What was said of a mask, by whom."""

    state: str = NEW
    reviewer: str | None = None
    comment: str | None = None


def last_word(connection: Connection, id: str) -> Word:
    """What counts for a record now."""
    query = select(event.c.value, event.c.author, event.c.comment)
    mine = query.where(event.c.annotation == id, event.c.name == "review").order_by(event.c.seq.desc())
    row = connection.execute(mine.limit(1)).first()
    return Word() if row is None or row.value == NEW else Word(row.value, row.author, row.comment)


def judge(connection: Connection, ids: Sequence[str], word: Word) -> None:
    """Give accepted masks a state; BadInput for others, for unknown ones and for other states."""
    if word.state not in STATES:
        raise BadInput(f"a review says {' or '.join(STATES)}, not {word.state!r}")
    for id in ids:
        say(connection, id, word)


def say(connection: Connection, id: str, word: Word) -> None:
    """Say it of an accepted mask; BadInput for other masks and for unknown ones."""
    record = need(connection, id)
    if record.status != "accepted":
        raise BadInput(f"annotation {id} is {record.status}: only accepted masks are reviewed")
    tell(connection, id, "review", word.state, word.reviewer, word.comment)
