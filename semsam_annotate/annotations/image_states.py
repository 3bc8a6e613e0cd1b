"""What people said of whole images: done, skipped, or open again. Told by new rows, the newest counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import Engine, insert, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.annotations.rows import insert_image
from semsam_annotate.annotations.schema import image, image_state, tally
from semsam_annotate.annotations.standing import say
from semsam_annotate.api import BadInput

Said: TypeAlias = Literal["open", "done", "skipped"]
SAID = ("open", "done", "skipped")

State: TypeAlias = Literal["new", "in work", "done", "skipped"]


@dataclass(frozen=True)
class ImageProgress:
    """An image file, how far it is, how many accepted masks it has, and the mean score of those that have one."""

    path: Path
    state: State = "new"
    accepted: int = 0
    score: float | None = None


@dataclass(frozen=True)
class ImageTally:
    """The same of an image as the store knows it, by its path there."""

    path: str
    state: State
    accepted: int
    score: float | None


class ImageStates:
    """States of a store's images."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tell(self, ref: ImageRef, said: Said, author: str | None = None) -> None:
        """Say that an image is done, skipped, or open again; it joins the store if it is new there."""
        if said not in SAID:
            raise BadInput(f"an image is one of {', '.join(SAID)}, not {said!r}")
        with transaction(self._engine, write=True) as connection:
            insert_image(connection, ref)
            values = {"sha256": ref.sha256, "state": said, "author": author, "time": now()}
            connection.execute(insert(image_state).values(values))
            say(connection, ref.sha256, said)

    def all(self) -> list[tuple[str, State, int]]:
        """Path as stored, state, and number of accepted masks of every image the store knows."""
        return [(one.path, one.state, one.accepted) for one in self.since()[1]]

    def begun(self) -> frozenset[str]:
        """The sha256 of every image that has an accepted mask, is done, or is skipped."""
        query = select(tally.c.sha256).where((tally.c.accepted > 0) | tally.c.said.in_(("done", "skipped")))
        with transaction(self._engine) as connection:
            return frozenset(connection.execute(query).scalars())

    def since(self, change: int = 0) -> tuple[int, list[ImageTally]]:
        """The images that changed after a change (all after 0), and the newest change there was, to ask with again."""
        columns = (image.c.path, tally.c.said, tally.c.accepted, tally.c.scored, tally.c.score_sum, tally.c.changed)
        query = select(*columns).join_from(tally, image).where(tally.c.changed > change)
        with transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        found = [
            ImageTally(path, state_of(said, accepted), accepted, total / scored if scored else None)
            for path, said, accepted, scored, total, _ in rows
        ]
        return max((row[-1] for row in rows), default=change), found


def state_of(said: str | None, accepted: int) -> State:
    """What a person said last, and else what the masks say."""
    if said == "done":
        return "done"
    if said == "skipped":
        return "skipped"
    return "in work" if accepted else "new"
