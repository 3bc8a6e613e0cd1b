"""The names that labels are chosen from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api.errors import BadInput


@dataclass(frozen=True)
class Vocabulary:
    """Object names and bare part names, scored apart (decoupled classification, paper section 3.2).

    ``known``: the names that the model was trained on, filled in by an engine (``Engine.resolve``), None before. An
    unknown name is scored all the same. ``owners``: part name -> objects it can belong to, kept as sorted pairs; a part
    without an entry fits any object.
    """

    objects: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    known: frozenset[str] | None = None
    owners: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __init__(
        self,
        objects: Iterable[str] = (),
        parts: Iterable[str] = (),
        known: Iterable[str] | None = None,
        owners: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        object.__setattr__(self, "objects", _names(objects, "object"))
        object.__setattr__(self, "parts", _names(parts, "part"))
        object.__setattr__(self, "known", None if known is None else frozenset(known))
        object.__setattr__(self, "owners", _owners(owners or {}, self.parts))

    def __bool__(self) -> bool:
        return bool(self.objects or self.parts)

    def owners_of(self, part: str) -> tuple[str, ...]:
        """The objects that a part can belong to, empty: any."""
        return next((objects for name, objects in self.owners if name == part), ())

    def with_known(self, known: Iterable[str]) -> "Vocabulary":
        """The same names with those that a model was trained on."""
        return Vocabulary(self.objects, self.parts, known, dict(self.owners))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "objects": list(self.objects),
            "parts": list(self.parts),
            "known": None if self.known is None else sorted(self.known),
            "owners": {part: list(objects) for part, objects in self.owners},
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Vocabulary":
        """Back from ``to_json``."""
        if not isinstance(value, dict):
            raise BadInput("a vocabulary is a JSON object with objects and parts")
        known = value.get("known")
        if known is not None and not (isinstance(known, list) and all(isinstance(name, str) for name in known)):
            raise BadInput("a vocabulary's known is a list of names, or null")
        return cls(value.get("objects") or (), value.get("parts") or (), known, value.get("owners"))


def _owners(owners: Mapping[str, Iterable[str]], parts: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(owners, Mapping):
        raise BadInput(f"owners are part name -> object names, not {owners!r}")
    unknown = sorted(str(part) for part in owners if part not in parts)
    if unknown:
        raise BadInput(f"owners are given for {unknown[0]!r}, which is no part of this vocabulary")
    named = {part: _names(objects, "owner") for part, objects in owners.items()}
    return tuple(sorted((part, objects) for part, objects in named.items() if objects))


def _names(names: Iterable[str], kind: str) -> tuple[str, ...]:
    if isinstance(names, str):
        raise BadInput(f"{kind} names come as a list, not as one text: [{names!r}]")
    try:
        listed = tuple(names)
    except TypeError as error:
        raise BadInput(f"{kind} names come as a list, not as {names!r}") from error
    for name in listed:
        if not isinstance(name, str) or not name.strip():
            raise BadInput(f"{kind} names are non-empty texts, not {name!r}")
    stripped = tuple(name.strip() for name in listed)
    twice = sorted({name for name in stripped if stripped.count(name) > 1})
    if twice:
        raise BadInput(f"{kind} names must differ, these come twice: {', '.join(twice)}")
    return stripped
