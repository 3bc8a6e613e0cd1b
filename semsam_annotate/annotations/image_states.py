"""What people said of whole images: done, skipped, or open again. Told by new rows, the newest counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import Engine, func, insert, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.record import ImageRef
from semsam_annotate.annotations.rows import insert_image, latest
from semsam_annotate.annotations.schema import annotation, image, image_state
from semsam_annotate.api import BadInput

Said: TypeAlias = Literal["open", "done", "skipped"]
SAID = ("open", "done", "skipped")

State: TypeAlias = Literal["new", "in work", "done", "skipped"]


@dataclass(frozen=True)
class ImageProgress:
    """An image file, how far it is, and how many accepted masks it has."""

    path: Path
    state: State = "new"
    accepted: int = 0


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

    def all(self) -> list[tuple[str, State, int]]:
        """Path as stored, state, and number of accepted masks of every image the store knows."""
        newest = select(image_state.c.sha256, func.max(image_state.c.seq).label("seq")).group_by(image_state.c.sha256)
        last = newest.subquery()
        said = select(image_state.c.sha256, image_state.c.state).join(last, last.c.seq == image_state.c.seq).subquery()
        counted = select(annotation.c.sha256, func.count().label("accepted")).where(latest("status") == "accepted")
        counts = counted.group_by(annotation.c.sha256).subquery()
        query = select(image.c.path, said.c.state, counts.c.accepted)
        query = query.outerjoin(said, said.c.sha256 == image.c.sha256).outerjoin(
            counts, counts.c.sha256 == image.c.sha256
        )
        with transaction(self._engine) as connection:
            return [
                (row.path, state_of(row.state, row.accepted or 0), row.accepted or 0)
                for row in connection.execute(query)
            ]


def state_of(said: str | None, accepted: int) -> State:
    """What a person said last, and else what the masks say."""
    if said == "done":
        return "done"
    if said == "skipped":
        return "skipped"
    return "in work" if accepted else "new"
