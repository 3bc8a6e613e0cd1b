"""Masks that gave way to another one come back when that goes; parts are called after what they belong to."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, select

from semsam_annotate.annotations.drafts import corrected
from semsam_annotate.annotations.record import Annotation, Status
from semsam_annotate.annotations.rows import read_records, select_records
from semsam_annotate.annotations.schema import annotation, event, standing
from semsam_annotate.annotations.succession import choices, corrected_by
from semsam_annotate.annotations.writing import need, now_called, step_back, tell, write_correction


def set_status(connection: Connection, id: str, status: Status, author: str | None) -> Annotation:
    """Give a record another status; when it stands no more, what had given way to it does again."""
    before = need(connection, id).status
    if before != status:
        tell(connection, id, "status", status, author)
    if before == "accepted" and status in ("deleted", "rejected"):
        give_back(connection, [id], author)
    return need(connection, id)


def take_back(connection: Connection, id: str, author: str | None) -> Annotation:
    """Take back the last change of a record; when it is deleted by that, what had given way to it stands again."""
    record = step_back(connection, id, author)
    if record.status == "deleted":
        give_back(connection, [id], author)
    return record


def give_back(
    connection: Connection, gone: Iterable[str], author: str | None
) -> tuple[list[Annotation], dict[str, Annotation]]:
    """Accept again the masks that gave way to some that are deleted now, where nothing else stands for them.

    These, and the corrections of their parts' names by the ids of what they correct.
    """
    again, renamed = list[Annotation](), dict[str, Annotation]()
    for id in gone:
        for loser in _losers(connection, id):
            heir = need(connection, now_called(connection, loser) or loser)
            if heir.status != "accepted" and need(connection, loser).status == "superseded":
                tell(connection, loser, "status", "accepted", author)
                again.append(need(connection, loser))
                renamed |= name_parts(connection, again[-1], heir.object, again[-1].object, author)
    return again, renamed


def _losers(connection: Connection, id: str) -> list[str]:
    """What gave way to a record, or to one that it corrects; looked for in its image, where indices lead to it."""
    old, other = annotation.alias(), annotation.alias()
    here = select(old.c.id).join(other, other.c.sha256 == old.c.sha256).where(other.c.id == id)
    found = choices().where(event.c.annotation.in_(here), event.c.value.in_(corrected_by(id)))
    return [row.annotation for row in connection.execute(found.order_by(event.c.seq))]


def name_parts(
    connection: Connection, whole: Annotation, was: str | None, name: str | None, author: str | None
) -> dict[str, Annotation]:
    """Parts of ``whole``, of any depth, that are called after an object ``was`` are called after ``name`` from now on.

    Their corrections, by the ids of what they correct.
    """
    if name in (None, was):
        return {}
    here = select_records().where(annotation.c.sha256 == whole.image.sha256, standing.c.status == "accepted")
    called = [part for part in _below(whole.id, read_records(connection, here)) if part.object == was]
    corrections = {part.id: corrected(part, None, {"object": name, "author": author}) for part in called}
    return {id: write_correction(connection, record, author) for id, record in corrections.items()}


def _below(id: str, records: Sequence[Annotation]) -> Iterator[Annotation]:
    """Everything that is a part of a record, a part's parts too."""
    above = {id}
    while found := [one for one in records if one.part_of in above and one.id not in above]:
        yield from found
        above = {one.id for one in found}
