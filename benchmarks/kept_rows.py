"""Rows of clicks in few bytes, so that what a run measured stays in the repository and later runs are paired with it.

A file is JSON of columns, a line each: the images with how many clicks each has, then per mille of every value, null
where it does not count.
"""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]


def keep_rows(rows: Rows, keys: Sequence[str], path: Path) -> None:
    """Write the ``keys`` of rows, whose "image" goes in runs; all or nothing."""
    images = [[name, len(list(run))] for name, run in groupby(row["image"] for row in rows)]
    columns = {key: [None if row[key] is None else round(1000 * row[key]) for row in rows] for key in keys}
    lines = [f"{json.dumps(key)}: {json.dumps(column)}" for key, column in {"images": images, **columns}.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    partial.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    partial.replace(path)


def read_rows(path: Path) -> Rows:
    """The rows back, values as fractions."""
    columns = json.loads(path.read_text(encoding="utf-8"))
    images = [name for name, clicks in columns.pop("images") for _ in range(clicks)]
    values = {key: [None if value is None else value / 1000 for value in column] for key, column in columns.items()}
    return [
        {"image": image} | dict(zip(values, row, strict=True))
        for image, row in zip(images, zip(*values.values(), strict=True), strict=True)
    ]
