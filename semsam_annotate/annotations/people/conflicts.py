"""Where several people's masks mean the same thing, and choosing the one that stands."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from sqlalchemy import select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.giving_way import name_parts
from semsam_annotate.annotations.people.agreement import by_author, name_of, shared_images
from semsam_annotate.annotations.people.matching import above, matched
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.schema import annotation, event, standing
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.annotations.succession import choices
from semsam_annotate.annotations.writing import need, now_called, tell
from semsam_annotate.api import BadInput, rle_iou

ALIKE = 0.9
"""IoU from which two outlines say the same."""

Difference = Literal["name", "outline", "double"]


@dataclass(frozen=True)
class Conflict:
    """Accepted masks of several people on one thing. ``difference``: in names, else in outlines, else drawn twice."""

    masks: tuple[Annotation, ...]
    difference: Difference

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, masks by their ids."""
        rows = [{"id": mask.id, "name": name_of(mask), "author": mask.author, "time": mask.time} for mask in self.masks]
        return {"image": self.masks[0].image.path, "difference": self.difference, "masks": rows}


def conflicts(
    store: AnnotationStore, progress: Callable[[int, int], None] | None = None, image: str | None = None
) -> Iterator[Conflict]:
    """Every conflict, image by image; ``image``: the sha256 of the only one to look at."""
    if image is None:
        for masks in shared_images(store, progress):
            yield from _of(masks)
        return
    yield from _of(by_author(store.annotations(image=image)))


def choose(store: AnnotationStore, id: str, author: str | None = None) -> list[str]:
    """Let a mask stand for all that it is in conflict with: they are superseded, their parts are its parts.

    Parts that were called after another object than the chosen one are called after that one now.
    The ids of those; ``release`` gives one back. BadInput when the mask is in no conflict.
    """
    chosen = store.get(id)
    groups = [one for one in conflicts(store, image=chosen.image.sha256) if id in {mask.id for mask in one.masks}]
    was = {mask.id: mask.object for one in groups for mask in one.masks if mask.id != id}
    losers = list(was)
    if not losers:
        raise BadInput(f"annotation {id} is in no conflict: nobody else has an accepted mask on the same thing")
    parents = {one.id: one.part_of for one in store.annotations(image=chosen.image)}
    if within := [loser for loser in losers if loser in above(id, parents)]:
        raise BadInput(f"annotation {id} is a part within {within[0]}: it cannot stand for it, choose that one")
    with transaction(store.engine, write=True) as connection:
        for loser in [id, *losers]:
            if need(connection, loser).status != "accepted":
                raise BadInput(f"somebody has changed annotation {loser} just now: look at the conflict again")
        for loser in losers:
            name_parts(connection, need(connection, loser), was[loser], chosen.object, author)
            tell(connection, loser, "heir", id, author)
            tell(connection, loser, "status", "superseded", author)
    return losers


def release(store: AnnotationStore, id: str, author: str | None = None) -> Annotation:
    """Accept a mask again that another one was chosen over; its parts are called after its object again."""
    with transaction(store.engine, write=True) as connection:
        mask, heir = need(connection, id), need(connection, now_called(connection, id) or id)
        made = select(annotation.c.id).join_from(annotation, standing).where(annotation.c.supersedes == id)
        if connection.execute(made.where(standing.c.status == "accepted")).first() is not None:
            raise BadInput(f"annotation {id} was corrected since: its correction stands")
        chosen = connection.execute(choices().where(event.c.annotation == id)).first() is not None
        if not chosen or mask.status != "superseded":
            raise BadInput(f"no other mask was chosen over annotation {id}")
        tell(connection, id, "status", "accepted", author)
        name_parts(connection, mask, heir.object, mask.object, author)
        return need(connection, id)


def _of(drawn: dict[str, list[Annotation]]) -> Iterator[Conflict]:
    """The likest masks first; what one person drew as two things is never one thing."""
    group: dict[str, str] = {}
    masks = {mask.id: mask for records in drawn.values() for mask in records}

    def root(id: str) -> str:
        while group.get(id, id) != id:
            id = group[id]
        return id

    authors = {mask.id: {author} for author, records in drawn.items() for mask in records}
    sides = combinations(sorted(drawn), 2)
    pairs = [pair for first, second in sides for pair in matched(drawn[first], drawn[second], masks.values())]
    for one, other, _ in sorted(pairs, key=lambda pair: -pair[2]):
        here, there = root(one.id), root(other.id)
        if authors[here].isdisjoint(authors[there]):
            group[here] = there
            authors[there] |= authors[here]
    members: dict[str, list[Annotation]] = defaultdict(list)
    for id, mask in masks.items():
        members[root(id)].append(mask)
    for found in members.values():
        if len(found) > 1:
            yield Conflict(tuple(found), _difference(found))


def _difference(masks: Sequence[Annotation]) -> Difference:
    if len({name_of(mask) for mask in masks}) > 1:
        return "name"
    close = all(rle_iou(one.mask, other.mask) >= ALIKE for one, other in combinations(masks, 2))
    return "double" if close else "outline"
