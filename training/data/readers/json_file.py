"""A small JSON file, one image each, as it comes from a stranger."""

import json
from pathlib import Path
from typing import Any

from semsam_annotate.api import BadInput

MOST_BYTES = 256 << 20


def parse_object(data: bytes, name: Path | str) -> dict[str, Any]:
    """An object; BadInput for anything else."""
    if len(data) > MOST_BYTES:
        raise BadInput(f"{name} has {len(data):,} bytes: too many for the annotation of one image")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadInput(f"{name} is not the annotation of an image: a JSON object is needed")
    return content
