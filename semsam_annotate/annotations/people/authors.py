"""What each author did: masks, time, clicks, how much of it stayed, day by day; summed by the database."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.reviewing import STATES
from semsam_annotate.annotations.schema import annotation, standing
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.annotations.succession import overruled


@dataclass(frozen=True)
class AuthorFigures:
    """``made``: records of any status; ``accepted``, ``rejected``, ``corrected``, ``deleted``: what they are now.

    ``overruled``: another one was chosen over them. ``seconds``, ``clicks`` and ``edits``: means over the masks that
    say so; what a correction has from the mask that it corrects is not counted. ``acceptance``: share of accepted and
    corrected ones among all that were not taken back. ``approved`` and ``changes_requested``: of the accepted ones.
    ``days``: masks made on each day, in UTC.
    """

    author: str | None
    made: int
    accepted: int
    rejected: int
    corrected: int
    overruled: int
    deleted: int
    parts: int
    images: int
    seconds: float | None
    clicks: float | None
    edits: float | None
    approved: int
    changes_requested: int
    days: dict[str, int] = field(default_factory=dict)

    @property
    def acceptance(self) -> float | None:
        """0..1, None where there is nothing to tell by."""
        judged = self.accepted + self.corrected + self.rejected + self.overruled
        return (self.accepted + self.corrected) / judged if judged else None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "acceptance": self.acceptance}


def figures(store: AnnotationStore) -> list[AuthorFigures]:
    """Of every author, those with most masks first; None stands for records without one."""
    now, old = standing.c.status, annotation.alias()
    corrected = and_(now == "superseded", not_(overruled()))
    accepted = now == "accepted"
    sums = [_sum(which) for which in (accepted, now == "rejected", corrected, overruled(), now == "deleted")]
    sums += [_sum(annotation.c.kind == "part"), func.count(annotation.c.sha256.distinct())]
    own = {name: old.c[name].is_distinct_from(annotation.c[name]) for name in ("seconds", "clicks", "edits")}
    means = [func.avg(case((made, annotation.c[name]))) for name, made in own.items()]
    reviews = [_sum(and_(accepted, standing.c.review == state)) for state in STATES]
    joined = annotation.join(standing).outerjoin(old, old.c.id == annotation.c.supersedes)
    query = select(annotation.c.author, func.count(), *sums, *means, *reviews).select_from(joined)
    day = func.substr(annotation.c.time, 1, 10)
    daily = select(annotation.c.author, day, func.count()).group_by(annotation.c.author, day).order_by(day)
    days: dict[str | None, dict[str, int]] = defaultdict(dict)
    with transaction(store.engine, steady=True) as connection:
        for author, when, count in connection.execute(daily):
            days[author][when] = count
        rows = connection.execute(query.group_by(annotation.c.author)).all()
    made = [_row(row, days[row[0]]) for row in rows]
    return sorted(made, key=lambda one: (-one.made, one.author or ""))


def _sum(which: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((which, 1), else_=0))


def _row(row: Any, days: dict[str, int]) -> AuthorFigures:
    made, accepted, rejected, corrected, lost, deleted, parts, images = (int(value) for value in row[1:9])
    counts = (made, accepted, rejected, corrected, lost, deleted, parts, images)
    means = [None if value is None else round(float(value), 3) for value in row[9:12]]
    approved, to_change = (int(value) for value in row[12:14])
    return AuthorFigures(row[0], *counts, means[0], means[1], means[2], approved, to_change, days)
