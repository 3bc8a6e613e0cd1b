"""Deleting a person's data when asked to: the only place where rows of the store go.

Masks made by the author go with their prompts, ladders, events and steps. What others built on them stays: parts move
up to the next mask that stays, corrections by others keep their outline but not the clicks and times they inherited,
masks that the author had corrected are accepted again. What the author said of others' masks and of images stays said,
by nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Connection, and_, bindparam, delete, func, insert, or_, select, update

from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.rows import event_row
from semsam_annotate.annotations.schema import annotation, event, image_state, journal, standing
from semsam_annotate.annotations.standing import rebuild
from semsam_annotate.annotations.succession import choices, current, successors
from semsam_annotate.annotations.upkeep.trail import note
from semsam_annotate.annotations.upkeep.wiping import begin_wiping, is_unwiped, wipe
from semsam_annotate.api import BadInput


@dataclass(frozen=True)
class Forgotten:
    """How much there is of an author: masks and steps, which go; events and states of images, which lose the name."""

    masks: int
    steps: int
    events: int
    states: int
    wiped: bool = False
    """Whether nothing of it is left in the files."""
    why: str = ""
    """What was in the way of wiping them, and what to do."""

    @property
    def counts(self) -> dict[str, int]:
        """By their names."""
        return {"masks": self.masks, "steps": self.steps, "events": self.events, "states of images": self.states}


def traces(project: Project, author: str) -> Forgotten:
    """What ``forget`` would take; BadInput when the project knows nobody of that name."""
    with transaction(project.store.engine, steady=True) as connection:
        return _traces(connection, author)


def forget(project: Project, author: str, progress: Callable[[int, int], None] | None = None) -> Forgotten:
    """Delete an author's data in one transaction, then have the database wipe the places where it lay.

    Of somebody whom nobody knows the second alone, if an earlier one could not be ended. ``progress`` counts masks.
    """
    engine = project.store.engine
    with transaction(engine, write=True) as connection:
        found = _traces(connection, author, allow_none=is_unwiped(connection))
        if any(found.counts.values()):
            begin_wiping(connection)
            _forget(connection, author, progress)
            rebuild(connection)
            note(connection, "forget", found.counts)
    why = wipe(engine)
    return replace(found, wiped=not why, why=why)


def _traces(connection: Connection, author: str, allow_none: bool = False) -> Forgotten:
    def count(column: Column[Any]) -> int:
        return int(connection.execute(select(func.count()).where(column == author)).scalar_one())

    masks, steps, events, states = (count(table.c.author) for table in (annotation, journal, event, image_state))
    found = Forgotten(masks, steps, events, states)
    if not allow_none and not any(found.counts.values()):
        raise BadInput(f"nobody called {author!r} has done anything in this project")
    return found


def _forget(connection: Connection, author: str, progress: Callable[[int, int], None] | None) -> None:
    mine = annotation.c.author == author
    rows = connection.execute(select(annotation.c.id, annotation.c.part_of, annotation.c.supersedes).where(mine)).all()
    gone = {row.id: row for row in rows}
    _give_back(connection, gone)
    connection.execute(delete(journal).where(journal.c.author == author))
    _scrub_steps(connection, author, gone)
    _disinherit(connection, gone)
    heirs, done = _heirs(connection, gone), 0
    for ids in batches(gone):
        _bridge(connection, ids, gone, heirs)
        for table in (event, standing):
            connection.execute(delete(table).where(table.c.annotation.in_(ids)))
        _reroute(connection, ids, heirs)
        done += len(ids)
        if progress is not None:
            progress(done, len(gone))
    for table in (event, image_state):
        connection.execute(update(table).where(table.c.author == author).values(author=None))
    connection.execute(update(annotation).where(mine).values(part_of=None))  # among themselves
    connection.execute(delete(annotation).where(mine))


def _give_back(connection: Connection, gone: dict[str, Any]) -> None:
    """Accept again what an accepted mask that goes had replaced, unless another mask stands there too."""
    alive = set()
    for ids in batches(gone):
        query = select(standing.c.annotation).where(standing.c.annotation.in_(ids), standing.c.status == "accepted")
        alive |= set(connection.execute(query).scalars())
    old = {before for id in alive if (before := _before(id, gone)) is not None}
    stand = successors(connection, gone)
    for ids in batches(id for id in gone if current(id, stand) in alive):
        chosen = choices().where(event.c.value.in_(ids))
        old |= {row.annotation for row in connection.execute(chosen)} - gone.keys()
    for ids in batches(old):
        heirs = select(annotation.c.supersedes).join(standing, standing.c.annotation == annotation.c.id)
        heirs = heirs.where(annotation.c.supersedes.in_(ids), standing.c.status == "accepted")
        replaced = set(connection.execute(heirs.where(annotation.c.id.not_in(alive))).scalars())
        query = select(standing.c.annotation).where(standing.c.annotation.in_(ids), standing.c.status == "superseded")
        again = [id for id in connection.execute(query).scalars() if id not in replaced]
        if again:
            since = _last_changed(connection, again)
            connection.execute(insert(event), [event_row(id, "status", "accepted", None, since[id]) for id in again])


def _last_changed(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """When each was superseded: from then on it stood, now that what replaced it goes, so a past time has it too."""
    query = select(event.c.annotation, func.max(event.c.time)).where(event.c.annotation.in_(ids))
    rows = connection.execute(query.where(event.c.name == "status").group_by(event.c.annotation))
    return {row[0]: row[1] for row in rows}


def _before(id: str, gone: dict[str, Any]) -> str | None:
    """The newest mask that stays, of those that ``id`` corrected."""
    seen: set[str] = set()
    at: str | None = id
    while at is not None and at in gone and at not in seen:
        seen.add(at)
        at = gone[at].supersedes
    return None if at in gone else at


def _heirs(connection: Connection, gone: dict[str, Any]) -> dict[str, str]:
    """What stands for those that go and stays itself: their newest correction, else what was chosen over them.

    Where that goes too, it is what stands for it.
    """
    found: dict[str, str] = {}
    for ids in batches(gone):
        chosen = choices().where(event.c.annotation.in_(ids))
        made = select(annotation.c.id, annotation.c.supersedes).join(standing, standing.c.annotation == annotation.c.id)
        made = made.where(annotation.c.supersedes.in_(ids), standing.c.status != "deleted").order_by(annotation.c.seq)
        pairs = [(row.annotation, row.value) for row in connection.execute(chosen)]
        pairs += [(row.supersedes, row.id) for row in connection.execute(made)]
        found |= dict(sorted(pairs, key=lambda pair: pair[1] not in gone))  # who stays is put last, and counts
    return {id: heir for id in found if (heir := current(id, found)) is not None and heir not in gone}


def _reroute(connection: Connection, ids: Sequence[str], heirs: Mapping[str, str]) -> None:
    """What was chosen over others' masks gives its place to what stands for it."""
    was = and_(event.c.name == "heir", event.c.value.in_(ids))
    for id in connection.execute(select(event.c.value).where(was).distinct()).scalars().all():
        if id in heirs:
            mine = and_(event.c.name == "heir", event.c.value == id)
            connection.execute(update(event).where(mine).values(value=heirs[id]))
    connection.execute(delete(event).where(was))


def _bridge(connection: Connection, ids: Sequence[str], gone: dict[str, Any], heirs: Mapping[str, str]) -> None:
    """Others' masks that hang on those that go hang on what is next to these."""
    others = or_(annotation.c.part_of.in_(ids), annotation.c.supersedes.in_(ids))
    query = select(annotation.c.id, annotation.c.part_of, annotation.c.supersedes, annotation.c.time).where(others)
    rows = [row for row in connection.execute(query) if row.id not in gone]
    hung = [
        {"of": row.id, "part_of": _above(row.part_of, gone, heirs), "supersedes": _before(row.supersedes, gone)}
        for row in rows
    ]
    if hung:
        connection.execute(update(annotation).where(annotation.c.id == bindparam("of")), hung)
    for row in rows:
        if row.supersedes in ids and (old := _before(row.supersedes, gone)) is not None:
            _superseded_at(connection, old, row.time)


def _superseded_at(connection: Connection, id: str, time: str) -> None:
    """It stood until what corrects it now was there, so a past time between the two has it."""
    told = event.alias()
    last = select(func.max(told.c.seq)).where(told.c.annotation == id, told.c.name == "status").scalar_subquery()
    mine = and_(event.c.seq == last, event.c.value == "superseded")
    connection.execute(update(event).where(mine).values(time=time))


def _above(id: str | None, gone: dict[str, Any], heirs: Mapping[str, str]) -> str | None:
    """What a part of ``id`` belongs to when it goes: its correction that stays, what it corrected, or its parent."""
    seen: set[str] = set()
    while id is not None and id in gone and id not in seen:
        seen.add(id)
        id = heirs.get(id) or _before(id, gone) or gone[id].part_of
    return None if id in gone else id


def _disinherit(connection: Connection, gone: dict[str, Any]) -> None:
    """Corrections by others take over prompt, ladder and effort of what they correct; these they lose."""
    names = ("prompt", "ladder", "rung", "seconds", "clicks", "edits")
    columns = [annotation.c[name] for name in ("id", "supersedes", *names)]
    for some in batches(gone):
        made = connection.execute(select(*columns).where(annotation.c.id.in_(some))).mappings()
        held = {row["id"]: dict(row) for row in made}
        while held:
            after = select(*columns).where(annotation.c.supersedes.in_(sorted(held)))
            heirs = [row for row in connection.execute(after).mappings().all() if row["id"] not in gone]
            passed = {}
            for row in heirs:
                same = {name: None for name in names if row[name] == held[row["supersedes"]][name] is not None}
                if same:
                    connection.execute(update(annotation).where(annotation.c.id == row["id"]).values(**same))
                    passed[row["id"]] = dict(row)
            held = passed


def _scrub_steps(connection: Connection, author: str, gone: dict[str, Any]) -> None:
    """Steps of others name neither the masks that go nor the author; what those had corrected comes back instead.

    Steps that are about nothing any more go.
    """
    for row in connection.execute(select(journal.c.seq, journal.c.gone, journal.c.brought, journal.c.said)).all():
        had = {"gone": row.gone, "brought": row.brought, "said": row.said}
        kept: dict[str, Any] = {"gone": [old for id in row.gone if (old := _before(id, gone)) is not None]}
        kept["brought"] = [id for id in row.brought if id not in gone]
        said = [[id, *(_unnamed(word, author) for word in words)] for id, *words in row.said or () if id not in gone]
        kept |= {"said": said or None}
        if not any(kept.values()) and any(had.values()):
            connection.execute(delete(journal).where(journal.c.seq == row.seq))
        elif kept != had:
            connection.execute(update(journal).where(journal.c.seq == row.seq).values(kept))


def _unnamed(word: list[str | None], author: str) -> list[str | None]:
    """A review, [state, reviewer, comment], by nobody if by the author."""
    state, reviewer, comment = word
    return [state, None if reviewer == author else reviewer, comment]
