"""Steps of the journal as rows of the store: which are done, which are taken back."""

from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.reviewing import Word
from semsam_annotate.annotations.schema import journal

DO, UNDO, REDO = "do", "undo", "redo"

Said = tuple[str, Word, Word]
"""Id of a record that was reviewed, what counted before, and what was said."""

Place = tuple[str, str, str | None]
"""sha256 of the image, its plane as text, the author."""


@dataclass(frozen=True)
class Step:
    """A deed as it is kept: ids of records that went and of those that came, and reviews. ``number``: its row."""

    title: str
    gone: list[str]
    brought: list[str]
    said: list[Said]
    number: int = 0


def note(connection: Connection, place: Place, kind: str, step: Step) -> None:
    """Write that a step was done (``DO``: a new one), taken back or done again."""
    sha256, plane, author = place
    said = [[id, astuple(before), astuple(after)] for id, before, after in step.said]
    values: dict[str, Any] = {"sha256": sha256, "plane": plane, "author": author, "kind": kind, "title": step.title}
    values |= {"gone": step.gone, "brought": step.brought, "said": said or None}
    connection.execute(insert(journal).values({**values, "of": step.number or None, "time": now()}))


def read_steps(connection: Connection, place: Place) -> tuple[list[Step], list[Step]]:
    """Steps that are done and steps that are taken back, the one to turn to next is the last."""
    sha256, plane, author = place
    where = (journal.c.sha256 == sha256, journal.c.plane == plane, journal.c.author.is_not_distinct_from(author))
    done: dict[int, Step] = {}
    undone: dict[int, Step] = {}
    for row in connection.execute(select(journal).where(*where).order_by(journal.c.seq)).mappings():
        if row["kind"] == DO:
            done[row["seq"]] = _read(row)
            undone.clear()
            continue
        here, there = (done, undone) if row["kind"] == UNDO else (undone, done)
        if row["of"] in here:  # by its number: a step may have been passed over
            there[row["of"]] = here.pop(row["of"])
    return list(done.values()), list(undone.values())


def _read(row: RowMapping) -> Step:
    said = [(id, Word(*before), Word(*after)) for id, before, after in row["said"] or ()]
    return Step(row["title"], row["gone"], row["brought"], said, row["seq"])
