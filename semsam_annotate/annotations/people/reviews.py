"""Second looks: which masks were approved, which are to be changed, and what was said of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.record import NEW
from semsam_annotate.annotations.reviewing import Word, judge
from semsam_annotate.annotations.schema import annotation, event, image, standing
from semsam_annotate.annotations.store import AnnotationStore


@dataclass(frozen=True)
class Reviewed:
    """An accepted mask and the last word on it; ``state`` None: nobody has looked yet."""

    id: str
    image: str
    name: str
    author: str | None
    state: str | None
    reviewer: str | None = None
    comment: str | None = None
    time: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def set_reviews(
    store: AnnotationStore, ids: Sequence[str], state: str, reviewer: str | None, comment: str | None = None
) -> None:
    """Give accepted masks a state by new events, one each, all or none; BadInput as in ``judge``."""
    with transaction(store.engine, write=True) as connection:
        judge(connection, list(dict.fromkeys(ids)), Word(state, reviewer, comment))


def reviewed(
    store: AnnotationStore,
    state: str | None = None,
    author: str | None = None,
    limit: int | None = None,
    sha256: str | None = None,
) -> list[Reviewed]:
    """Accepted masks in a state ("new": nobody has looked), by ``author``, of the image ``sha256``, oldest first."""
    last = select(func.max(event.c.seq)).where(event.c.annotation == annotation.c.id, event.c.name == "review")
    told = and_(event.c.seq == last.correlate(annotation).scalar_subquery())
    joined = annotation.join(image).join(standing, standing.c.annotation == annotation.c.id).outerjoin(event, told)
    columns = (annotation.c.id, image.c.path, annotation.c.kind, annotation.c.object, annotation.c.part)
    said = (annotation.c.author, standing.c.review, event.c.author, event.c.comment, event.c.time)
    query = select(*columns, *said).select_from(joined).where(standing.c.status == "accepted")
    if state is not None:
        unseen = or_(standing.c.review.is_(None), standing.c.review == NEW)
        query = query.where(unseen if state == NEW else standing.c.review == state)
    if author is not None:
        query = query.where(annotation.c.author == author)
    if sha256 is not None:
        query = query.where(image.c.sha256 == sha256)
    with transaction(store.engine) as connection:
        rows = connection.execute(query.order_by(annotation.c.seq).limit(limit)).all()
    found = []
    for id, path, kind, object, part, maker, said, *how in rows:
        word = (None,) if said in (None, NEW) else (said, *how)
        found.append(Reviewed(id, path, _name(kind, object, part), maker, *word))
    return found


def _name(kind: str, object: str | None, part: str | None) -> str:
    left = object or "unlabelled"
    return left if kind == "object" else f"{left}:{part or 'unlabelled'}"
