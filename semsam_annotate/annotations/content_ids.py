"""Ids of masks from files that give them none: they follow from what a mask is, in whichever file."""

import uuid
from collections import Counter

_NAMESPACE = uuid.UUID("4d0a8a5c-6f63-4a0e-8d4e-0b0a2f1c7e52")


def content_id(sha256: str, kind: str, object: str | None, part: str | None, counts: str, seen: Counter[str]) -> str:
    """From an image's pixels, a mask's runs and its names as written.

    ``seen``: those of the image, or the file, so far; of masks that are alike in everything the second is another one.
    """
    text = "\n".join((sha256, kind, object or "", part or "", counts))
    seen[text] += 1
    name = f"{text}\n{seen[text]}".encode("utf-8", "backslashreplace")  # half a character is refused later
    return str(uuid.uuid5(_NAMESPACE, name.decode("utf-8")))
