"""What people did to the masks of a picture, step by step, so that it can be taken back, after a restart too."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Engine

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.drafts import Facts, corrected
from semsam_annotate.annotations.giving_way import give_back
from semsam_annotate.annotations.journal_steps import DO, REDO, UNDO, Place, Said, Step, note, read_steps
from semsam_annotate.annotations.record import Annotation, ImageRef, Plane, Status
from semsam_annotate.annotations.reviewing import Word, last_word, say
from semsam_annotate.annotations.rows import insert_image
from semsam_annotate.annotations.writing import need, statuses, tell, write_correction, write_one
from semsam_annotate.api import BadInput


@dataclass(frozen=True)
class Deed:
    """One thing a person does: drafts to accept, records to correct (id and what changes), ids to delete, reviews.

    ``refuse``: drafts of masks that are kept as rejected.
    """

    title: str
    accept: tuple[Annotation, ...] = ()
    correct: tuple[tuple[str, Facts], ...] = ()
    delete: tuple[str, ...] = ()
    review: tuple[tuple[str, Word], ...] = ()
    refuse: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class Change:
    """What a deed, or taking one back, did: ids no longer accepted, records accepted now, and which stands for which.

    ``replaced``: id of a record that went -> id of the one in its place; parts of the one are parts of the other. A
    record that was reviewed stands in its own place. ``refused``: ids of records rejected now; they are among those
    ``out`` when that is taken back.
    """

    title: str
    out: tuple[str, ...] = ()
    brought: tuple[Annotation, ...] = ()
    replaced: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """Whose steps they are and where: a picture (its sha256 and plane) and an author, each with an order of its own."""

    image: ImageRef
    plane: Plane = ()
    author: str | None = None

    @property
    def place(self) -> Place:
        """As the rows of steps say it."""
        return self.image.sha256, ",".join(map(str, self.plane)), self.author


class StepStands(BadInput):
    """A step that cannot be taken back, or done again, since somebody has changed its masks. ``number``: its own."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


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
            refused = [write_one(connection, record.with_(status="rejected")) for record in deed.refuse]
            out = [*(id for id, _ in deed.correct), *deed.delete]
            note(connection, desk.place, DO, Step(deed.title, out, [one.id for one in (*brought, *refused)], said))
            change = _forwards(deed.title, out, [*brought, *refused])
            return _whole(connection, change, said, () if brought else deed.delete, desk.author)

    def undo(self, desk: Desk, passed: Collection[int] = ()) -> Change | None:
        """Take back the newest step of a desk but for those ``passed`` over; None when there is none.

        StepStands when one of its records has changed since.
        """
        with transaction(self._engine, write=True) as connection:
            step = _newest(read_steps(connection, desk.place)[0], passed)
            if step is None:
                return None
            with _told_of(step):
                return _take_back(connection, desk, step)

    def redo(self, desk: Desk, passed: Collection[int] = ()) -> Change | None:
        """Do again what was taken back last at a desk; None and StepStands as in ``undo``."""
        with transaction(self._engine, write=True) as connection:
            step = _newest(read_steps(connection, desk.place)[1], passed)
            if step is None:
                return None
            with _told_of(step):
                return _do_again(connection, desk, step)


def _newest(steps: Iterable[Step], passed: Collection[int]) -> Step | None:
    return next((step for step in reversed([*steps]) if step.number not in passed), None)


@contextmanager
def _told_of(step: Step) -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        raise StepStands(f"{step.title}: {error}", step.number) from error


def _take_back(connection: Connection, desk: Desk, step: Step) -> Change:
    _withdraw(connection, step.brought, desk.author)
    taken = _all(connection, step.brought)
    old = _bring(connection, step.gone, desk.author)
    _review(connection, [(id, after, before) for id, before, after in step.said])
    note(connection, desk.place, UNDO, step)
    back = {new: was for was, new in _replaced(step.gone, taken).items()}
    change = Change(step.title, tuple(step.brought), old, back)
    return _whole(connection, change, step.said, step.brought, desk.author)


def _do_again(connection: Connection, desk: Desk, step: Step) -> Change:
    replaced = _replaced(step.gone, _all(connection, step.brought))
    for id in step.gone:
        _switch(connection, [id], "superseded" if id in replaced else "deleted", desk.author)
    refused = [id for id in step.brought if _as_made(connection, id) == "rejected"]
    brought = _bring(connection, [id for id in step.brought if id not in refused], desk.author)
    brought += _bring(connection, refused, desk.author, "rejected")
    _review(connection, step.said)
    note(connection, desk.place, REDO, step)
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


def _withdraw(connection: Connection, ids: Iterable[str], author: str | None) -> None:
    """Delete what a step brought, accepted masks and ones that it refused, where they are as it made them."""
    for id in ids:
        _expect(need(connection, id), "rejected" if _as_made(connection, id) == "rejected" else "accepted")
        tell(connection, id, "status", "deleted", author)


def _as_made(connection: Connection, id: str) -> str:
    """The status that a record was written with."""
    return statuses(connection, id)[0]


def _bring(
    connection: Connection, ids: Iterable[str], author: str | None, status: Status = "accepted"
) -> tuple[Annotation, ...]:
    for id in ids:
        _expect(need(connection, id), "deleted", "superseded")
        tell(connection, id, "status", status, author)
    return tuple(_all(connection, ids))


def _all(connection: Connection, ids: Iterable[str]) -> list[Annotation]:
    return [need(connection, id) for id in ids]


def _expect(record: Annotation, *wanted: Status) -> None:
    if record.status not in wanted:
        raise BadInput(f"somebody has changed this mask since: annotation {record.id} is {record.status} now")


def _forwards(title: str, gone: Iterable[str], brought: Iterable[Annotation]) -> Change:
    out, new = tuple(gone), tuple(record for record in brought if record.status == "accepted")
    refused = tuple(record.id for record in brought if record.status == "rejected")
    return Change(title, out, new, _replaced(out, new), refused)


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
