"""COCO files whose part names are names of objects, "shoe of person": what one flat class head is trained on."""

import json
from pathlib import Path
from typing import Any

OF = " of "


def flattened(annotations: Path, out: Path) -> Path:
    """Write the file without parts: "object/part" becomes an object of its own; the masks and their order stay."""
    content = json.loads(annotations.read_text(encoding="utf-8"))
    categories = [_object(row) for row in content["categories"]]
    rows = [{**row, "part_of": None} for row in content["annotations"]]
    out.write_text(json.dumps({**content, "categories": categories, "annotations": rows}), encoding="utf-8")
    return out


def flat_name(owner: str | None, part: str | None) -> str:
    """The flat head's name of a part of an owner, or of an object."""
    return f"{part}{OF}{owner}" if part else str(owner)


def _object(row: dict[str, Any]) -> dict[str, Any]:
    owner, _, part = row["name"].partition("/")
    return {"id": row["id"], "name": flat_name(owner, part), "supercategory": "", "kind": "object"}
