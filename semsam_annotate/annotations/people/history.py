"""Everything that happened to an image or to a mask: who, when, what; read from events, which are never changed."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.record import NEW
from semsam_annotate.annotations.schema import annotation, audit, event, image, image_state, journal
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput


@dataclass(frozen=True)
class Happening:
    """One line of an audit trail; ``mask``: id of a record where it is about one."""

    time: str
    author: str | None
    what: str
    mask: str | None = None
    comment: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def history(store: AnnotationStore, of: str | None = None) -> list[Happening]:
    """Oldest first; ``of``: id of a mask, sha256 or path of an image. None: what was done to the store as a whole.

    BadInput when there is no such mask and no such image.
    """
    with transaction(store.engine, steady=True) as connection:
        if of is None:
            return _whole(connection)
        mask = connection.execute(select(annotation.c.sha256).where(annotation.c.id == of)).scalar()
        if mask is not None:
            return sorted(_records(connection, annotation.c.id == of), key=lambda one: one.time)
        known = or_(image.c.sha256 == of, image.c.path == of)
        shas = list(connection.execute(select(image.c.sha256).where(known)).scalars())
        if not shas:
            raise BadInput(f"the project has no mask and no image called {of!r}")
        found = [*_records(connection, annotation.c.sha256.in_(shas)), *_images(connection, shas)]
        return sorted(found, key=lambda one: one.time)


def _whole(connection: Connection) -> list[Happening]:
    rows = connection.execute(select(audit).order_by(audit.c.seq)).mappings()
    return [
        Happening(row["time"], None, f"{row['what']}: {told(row['counts'])}" if row["counts"] else row["what"])
        for row in rows
    ]


def told(counts: dict[str, int]) -> str:
    """ "3 masks, 2 images"; what was none is not told."""
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "nothing"


def _records(connection: Connection, which: Any) -> list[Happening]:
    columns = (annotation.c.id, annotation.c.kind, annotation.c.object, annotation.c.part, annotation.c.supersedes)
    made = connection.execute(select(*columns).where(which)).all()
    names = {row.id: ":".join(filter(None, (row.object, row.part))) or "unlabelled" for row in made}
    corrects = {row.id: row.supersedes for row in made if row.supersedes is not None}
    query = select(event).join(annotation, annotation.c.id == event.c.annotation).where(which).order_by(event.c.seq)
    found: list[Happening] = []
    begun: set[str] = set()
    for row in connection.execute(query).mappings():
        id, value = row["annotation"], row["value"]
        review = "taken back" if value == NEW else value
        what = {"review": f"review: {review}", "heir": f"{value} was chosen over it"}.get(row["name"], value)
        if row["name"] == "status" and id not in begun:
            begun.add(id)
            what = f"{value} {names[id]}" + (f", a correction of {corrects[id]}" if id in corrects else "")
        found.append(Happening(row["time"], row["author"], what, id, row["comment"]))
    return found


def _images(connection: Connection, shas: list[str]) -> list[Happening]:
    said = select(image_state).where(image_state.c.sha256.in_(shas)).order_by(image_state.c.seq)
    steps = select(journal).where(journal.c.sha256.in_(shas)).order_by(journal.c.seq)
    verbs = {"do": "", "undo": "took back: ", "redo": "did again: "}
    found = [
        Happening(row["time"], row["author"], f"image {row['state']}") for row in connection.execute(said).mappings()
    ]
    for row in connection.execute(steps).mappings():
        found.append(Happening(row["time"], row["author"], f"step: {verbs[row['kind']]}{row['title']}"))
    return found
