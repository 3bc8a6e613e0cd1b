"""Writing a JSON file, complete or not at all."""

import json
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import clear_unfinished, write_atomically
from semsam_annotate.api import BadInput

_ABANDONED = 3600.0
"""Seconds after which an unfinished file beside a new one belongs to a writer that was killed."""


def write_json(path: Path, content: Any) -> None:
    """Write JSON in place of whatever was at ``path``, complete or not at all; BadInput when the folder is missing."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name the file to write")
    if not path.parent.is_dir():
        raise BadInput(f"the folder to write into does not exist: {path.parent}")
    clear_unfinished(path.parent, _ABANDONED, path.name)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_atomically(path, text.encode("utf-8"))
