"""What fields of a record are: a store and a file keep no other types, and numpy's numbers become plain ones."""

import operator
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from semsam_annotate.api import BadInput

_TEXTS = ("id", "time", "kind", "status")
_NAMES = ("object", "part", "part_of", "track", "author", "review", "model", "supersedes", "split", "group")
_WHOLE = ("level", "clicks", "edits", "rung")
_NUMBERS = ("score", "seconds")


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an annotation's fields that are texts or numbers, as Python's own; BadInput for one that is neither."""
    found: dict[str, Any] = {name: text(name, fields[name]) for name in _TEXTS}
    for names, kind in ((_NAMES, text), (_WHOLE, whole), (_NUMBERS, number)):
        found |= {name: None if fields[name] is None else kind(name, fields[name]) for name in names}
    return found


def text(field: str, value: object) -> str:
    """A text; BadInput for anything else."""
    if not isinstance(value, str):
        raise BadInput(f"{field} cannot be {value!r:.80}: it has to be a text")
    return str(value)


def whole(field: str, value: object) -> int:
    """A whole number; BadInput for anything else, true and false too."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise BadInput(f"{field} cannot be {value!r:.80}: it has to be a whole number")
    return operator.index(value)


def number(field: str, value: object) -> float:
    """A number; BadInput for anything else."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise BadInput(f"{field} cannot be {value!r:.80}: it has to be a number")
    return value if isinstance(value, int) else float(value)
