"""Words for a mask: "wheel", "left wheel", "wheel of the car", "car wheel" taken apart."""

from collections.abc import Collection
from dataclasses import dataclass

ARTICLES = frozenset({"a", "an", "the"})
SIDES = {
    "left": "left",
    "leftmost": "left",
    "right": "right",
    "rightmost": "right",
    "top": "top",
    "upper": "top",
    "uppermost": "top",
    "bottom": "bottom",
    "lower": "bottom",
    "lowest": "bottom",
}


@dataclass(frozen=True)
class Phrase:
    """What is asked for. ``sides``: among left, right, top, bottom, in the order said.

    ``object`` and ``part``: names; where both are None, ``name`` may be either.
    """

    name: str
    object: str | None = None
    part: str | None = None
    sides: tuple[str, ...] = ()


def parse_phrase(text: str, objects: Collection[str], parts: Collection[str]) -> Phrase:
    """Take a phrase apart with the help of the known names, which win over every rule: a name may hold any word.

    "X of Y" is part X of object Y. "Y X" is that too where Y is a known object and X a known part. Words for sides
    count only in front of the rest, articles not at all. Names are compared without case.
    """
    words = [word for word in text.split() if word.lower() not in ARTICLES]
    known = _Known(objects, parts)
    sides: list[str] = []
    while True:
        found = known.read(words)
        if found is not None or len(words) < 2 or words[0].lower() not in SIDES:
            break
        sides.append(SIDES[words[0].lower()])
        words = words[1:]
    name = " ".join(words) or text
    object_, part = found or (None, None)
    return Phrase(name, object_, part, tuple(sides))


class _Known:
    """Names by their lower-case spelling."""

    def __init__(self, objects: Collection[str], parts: Collection[str]) -> None:
        self.objects = {name.lower(): name for name in objects}
        self.parts = {name.lower(): name for name in parts}

    def read(self, words: list[str]) -> tuple[str | None, str | None] | None:
        """(object, part) of words that a rule or a known name explains, (None, None) for a name of both kinds."""
        whole = " ".join(words).lower()
        if whole in self.objects or whole in self.parts:
            return (None, None) if whole in self.objects and whole in self.parts else self._one(whole)
        lowered = [word.lower() for word in words]
        if "of" in lowered[1:-1]:
            place = lowered.index("of", 1)
            part, owner = " ".join(words[:place]), " ".join(words[place + 1 :])
            if lowered[0] not in SIDES or part.lower() in self.parts:
                return self.objects.get(owner.lower(), owner), self.parts.get(part.lower(), part)
            return None
        splits = ((" ".join(lowered[:cut]), " ".join(lowered[cut:])) for cut in range(1, len(words)))
        fitting = ((owner, part) for owner, part in splits if owner in self.objects and part in self.parts)
        return next(((self.objects[owner], self.parts[part]) for owner, part in fitting), None)

    def _one(self, whole: str) -> tuple[str | None, str | None]:
        return self.objects.get(whole), self.parts.get(whole)
