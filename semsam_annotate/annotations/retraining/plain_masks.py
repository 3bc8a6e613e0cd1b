"""Queries of accepted masks of plain images: no planes of stacks, which are not trained on."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, or_, select

from semsam_annotate.annotations.schema import annotation, image_split, standing

ROWS = 10_000
"""Rows that are in memory at once."""


def plain_masks(*columns: ColumnElement[Any]) -> Select[Any]:
    """These ``columns`` of ``annotation`` for every accepted mask of a plain image."""
    query = select(*columns).join_from(annotation, standing)
    plain = cast(annotation.c.plane, String) == "[]"
    return query.where(standing.c.status == "accepted", plain).execution_options(yield_per=ROWS)


def untested_masks() -> Select[Any]:
    """Ids of those whose image is not kept for tests."""
    query = plain_masks(annotation.c.id).outerjoin(image_split, image_split.c.sha256 == annotation.c.sha256)
    return query.where(or_(image_split.c.split.is_(None), image_split.c.split != "test"))
