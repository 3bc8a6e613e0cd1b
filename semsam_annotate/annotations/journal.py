"""What people did to the masks of a picture, step by step, so that it can be taken back, after a restart too."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, insert, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.drafts import Facts, corrected, now
from semsam_annotate.annotations.giving_way import give_back
from semsam_annotate.annotations.record import Annotation, ImageRef, Plane, Status
from semsam_annotate.annotations.reviewing import Word, last_word, say
from semsam_annotate.annotations.rows import insert_image
from semsam_annotate.annotations.schema import journal
from semsam_annotate.annotations.writing import need, tell, write_correction, write_one
from semsam_annotate.api import BadInput

DO, UNDO, REDO = "do", "undo", "redo"

Said = tuple[str, Word, Word]
"""Id of a record that was reviewed, what counted before, and what was said."""


@dataclass(frozen=True)
class Deed:
    """One thing a person does: drafts to accept, records to correct (id and what changes), ids to delete, reviews."""

    title: str
    accept: tuple[Annotation, ...] = ()
    correct: tuple[tuple[str, Facts], ...] = ()
    delete: tuple[str, ...] = ()
    review: tuple[tuple[str, Word], ...] = ()


@dataclass(frozen=True)
class Change:
    """What a deed, or taking one back, did: ids no longer accepted, records accepted now, and which stands for which.

    ``replaced``: id of a record that went -> id of the one in its place; parts of the one are parts of the other. A
    record that was reviewed stands in its own place.
    """

    title: str
    out: tuple[str, ...] = ()
    brought: tuple[Annotation, ...] = ()
    replaced: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """Whose steps they are and where: a picture (its sha256 and plane) and an author, each with an order of its own."""

    image: ImageRef
    plane: Plane = ()
    author: str | None = None


@dataclass(frozen=True)
class _Step:
    """A deed as it is kept: ids of records that went and of those that came, and reviews. ``number``: its place."""

    title: str
    gone: list[str]
    brought: list[str]
    said: list[Said]
    number: int | None = None


class Journal:
    """Steps of a store. Every method is one transaction; when it returns, the step and its records are on disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def perform(self, desk: Desk, deed: Deed) -> Change:
        """Do it, all or nothing; what was taken back before at this desk can no longer come back."""
        with transaction(self._engine, write=True) as connection:
            insert_image(connection, desk.image)
            brought = [_correct(connection, id, facts, desk.author) for id, facts in deed.correct]
            brought += [write_one(connection, record) for record in deed.accept]
            for id in deed.delete:
                _expect(need(connection, id), "accepted")
                tell(connection, id, "status", "deleted", desk.author)
            said = [(id, last_word(connection, id), replace(word, reviewer=desk.author)) for id, word in deed.review]
            _review(connection, said)
            out = [*(id for id, _ in deed.correct), *deed.delete]
            _note(connection, desk, DO, _Step(deed.title, out, [record.id for record in brought], said))
            change = _forwards(deed.title, out, brought)
            return _whole(connection, change, said, () if brought else deed.delete, desk.author)

    def undo(self, desk: Desk) -> Change | None:
        """Take back the newest step of a desk; None when there is none. BadInput when a record has changed since."""
        with transaction(self._engine, write=True) as connection:
            done, _ = _steps(connection, desk)
            if not done:
                return None
            step = done[-1]
            _switch(connection, step.brought, "deleted", desk.author)
            taken = _all(connection, step.brought)
            old = _bring(connection, step.gone, desk.author)
            _review(connection, [(id, after, before) for id, before, after in step.said])
            _note(connection, desk, UNDO, step)
            back = {new: was for was, new in _replaced(step.gone, taken).items()}
            change = Change(step.title, tuple(step.brought), old, back)
            return _whole(connection, change, step.said, step.brought, desk.author)

    def redo(self, desk: Desk) -> Change | None:
        """Do again what was taken back last at a desk; None when there is none."""
        with transaction(self._engine, write=True) as connection:
            _, undone = _steps(connection, desk)
            if not undone:
                return None
            step = undone[-1]
            replaced = _replaced(step.gone, _all(connection, step.brought))
            for id in step.gone:
                _switch(connection, [id], "superseded" if id in replaced else "deleted", desk.author)
            brought = _bring(connection, step.brought, desk.author)
            _review(connection, step.said)
            _note(connection, desk, REDO, step)
            change = _forwards(step.title, step.gone, brought)
            return _whole(connection, change, step.said, () if brought else step.gone, desk.author)


def _correct(connection: Connection, id: str, facts: Facts, author: str | None) -> Annotation:
    old = need(connection, id)
    _expect(old, "accepted")
    known: Facts = {"author": author}
    return write_correction(connection, corrected(old, None, {**known, **facts}), author)


def _switch(connection: Connection, ids: Iterable[str], status: Status, author: str | None) -> None:
    for id in ids:
        _expect(need(connection, id), "accepted")
        tell(connection, id, "status", status, author)


def _bring(connection: Connection, ids: Iterable[str], author: str | None) -> tuple[Annotation, ...]:
    for id in ids:
        _expect(need(connection, id), "deleted", "superseded")
        tell(connection, id, "status", "accepted", author)
    return tuple(_all(connection, ids))


def _all(connection: Connection, ids: Iterable[str]) -> list[Annotation]:
    return [need(connection, id) for id in ids]


def _expect(record: Annotation, *wanted: Status) -> None:
    if record.status not in wanted:
        raise BadInput(f"somebody has changed this mask since: annotation {record.id} is {record.status} now")


def _forwards(title: str, gone: Iterable[str], brought: Iterable[Annotation]) -> Change:
    out, new = tuple(gone), tuple(brought)
    return Change(title, out, new, _replaced(out, new))


def _replaced(gone: Iterable[str], brought: Iterable[Annotation]) -> dict[str, str]:
    """Which of the records that went has which of those that came in its place."""
    heirs = {record.supersedes: record.id for record in brought}
    return {id: heirs[id] for id in gone if id in heirs}


def _review(connection: Connection, said: Iterable[Said]) -> None:
    """Say what is new where what was before still counts; words that come back are those of who said them."""
    for id, before, after in said:
        if last_word(connection, id) != before:
            raise BadInput(f"somebody has reviewed this mask since: annotation {id}")
        say(connection, id, after)


def _whole(
    connection: Connection, change: Change, said: Iterable[Said], deleted: Iterable[str], author: str | None
) -> Change:
    """With masks that were reviewed, and those that come back because what was chosen over them is ``deleted``."""
    ids = tuple(id for id, _, _ in said)
    again, renamed = give_back(connection, deleted, author)
    stand = {**change.replaced, **{id: id for id in ids}, **{id: part.id for id, part in renamed.items()}}
    brought = (*change.brought, *_all(connection, ids), *again, *renamed.values())
    return replace(change, out=(*change.out, *ids, *renamed), brought=brought, replaced=stand)


def _note(connection: Connection, desk: Desk, kind: str, step: _Step) -> None:
    said = [[id, astuple(before), astuple(after)] for id, before, after in step.said]
    values: dict[str, Any] = {
        "sha256": desk.image.sha256,
        "plane": _text(desk.plane),
        "author": desk.author,
        "kind": kind,
    }
    values |= {"title": step.title, "gone": step.gone, "brought": step.brought, "said": said or None}
    connection.execute(insert(journal).values({**values, "of": step.number, "time": now()}))


def _steps(connection: Connection, desk: Desk) -> tuple[list[_Step], list[_Step]]:
    """Steps that are done and steps that are taken back, the one to turn to next is the last."""
    where = (journal.c.sha256 == desk.image.sha256, journal.c.plane == _text(desk.plane))
    query = select(journal).where(*where, journal.c.author.is_not_distinct_from(desk.author)).order_by(journal.c.seq)
    done: list[_Step] = []
    undone: list[_Step] = []
    for row in connection.execute(query).mappings():
        if row["kind"] == DO:
            done.append(_read(row))
            undone.clear()
        elif row["kind"] == UNDO:
            undone.append(done.pop())
        else:
            done.append(undone.pop())
    return done, undone


def _read(row: RowMapping) -> _Step:
    said = [(id, Word(*before), Word(*after)) for id, before, after in row["said"] or ()]
    return _Step(row["title"], row["gone"], row["brought"], said, row["seq"])


def _text(plane: Plane) -> str:
    return ",".join(map(str, plane))
