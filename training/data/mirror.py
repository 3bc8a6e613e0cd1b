"""Names in a mirrored image: what was left is right."""

import re

_SIDE = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.IGNORECASE)
_OTHER = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "LEFT": "RIGHT", "RIGHT": "LEFT"}


def mirrored_name(name: str | None) -> str | None:
    """``front_left_door`` becomes ``front_right_door``; words that only contain the letters (bright) stay."""
    if name is None:
        return None
    return _SIDE.sub(lambda found: _OTHER.get(found[0], found[0]), name)
