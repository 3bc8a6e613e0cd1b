"""What each author did: masks, time, clicks, how much of it stayed, day by day; summed by the database."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.schema import annotation, standing
from semsam_annotate.annotations.store import AnnotationStore


@dataclass(frozen=True)
class AuthorFigures:
    """``made``: records of any status; ``accepted``, ``rejected``, ``corrected``, ``deleted``: what they are now.

    ``seconds``, ``clicks`` and ``edits``: means over the masks that say so. ``acceptance``: share of accepted and
    corrected ones among all that were not taken back. ``days``: masks made on each day, in UTC.
    """

    author: str | None
    made: int
    accepted: int
    rejected: int
    corrected: int
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
        judged = self.accepted + self.corrected + self.rejected
        return (self.accepted + self.corrected) / judged if judged else None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "acceptance": self.acceptance}


def figures(store: AnnotationStore) -> list[AuthorFigures]:
    """Of every author, those with most masks first; None stands for records without one."""
    now = standing.c.status
    sums: list[ColumnElement[Any]] = [
        func.sum(case((now == status, 1), else_=0)) for status in ("accepted", "rejected", "superseded", "deleted")
    ]
    sums += [func.sum(case((annotation.c.kind == "part", 1), else_=0))]
    sums += [func.count(annotation.c.sha256.distinct())]
    means = [func.avg(annotation.c[name]) for name in ("seconds", "clicks", "edits")]
    reviews = [func.sum(case((standing.c.review == state, 1), else_=0)) for state in ("approved", "changes requested")]
    query = select(annotation.c.author, func.count(), *sums, *means, *reviews).join_from(annotation, standing)
    day = func.substr(annotation.c.time, 1, 10)
    daily = select(annotation.c.author, day, func.count()).group_by(annotation.c.author, day).order_by(day)
    days: dict[str | None, dict[str, int]] = defaultdict(dict)
    with transaction(store.engine, steady=True) as connection:
        for author, when, count in connection.execute(daily):
            days[author][when] = count
        rows = connection.execute(query.group_by(annotation.c.author)).all()
    made = [_row(row, days[row[0]]) for row in rows]
    return sorted(made, key=lambda one: (-one.made, one.author or ""))


def _row(row: Any, days: dict[str, int]) -> AuthorFigures:
    means = [None if value is None else round(float(value), 3) for value in row[8:11]]
    made, accepted, rejected, corrected, deleted, parts, images = (int(value) for value in row[1:8])
    approved, to_change = (int(value) for value in row[11:13])
    counts = (made, accepted, rejected, corrected, deleted, parts, images)
    return AuthorFigures(row[0], *counts, means[0], means[1], means[2], approved, to_change, days)
