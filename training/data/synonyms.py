"""One name for one thing across data sets, by a table that anybody can read and change."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semsam_annotate.api import BadInput

TABLE = Path(__file__).with_name("synonyms.toml")
SIDES = ("objects", "parts")


@dataclass(frozen=True)
class Synonyms:
    """Object names and bare part names by how else they are written (lower case, spaces); empty: nothing changes."""

    objects: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)

    def object(self, name: str | None) -> str | None:
        """The name to train on; None stays None."""
        return None if name is None else self.objects.get(plain(name), name)

    def part(self, name: str | None) -> str | None:
        """The name to train on; None stays None."""
        return None if name is None else self.parts.get(plain(name), name)


def plain(name: str) -> str:
    """Lower case, underscores as spaces, single spaces."""
    return " ".join(name.replace("_", " ").casefold().split())


def read_synonyms(own: Path | None = None) -> Synonyms:
    """The packaged table, with the user's laid over it.

    Raises BadInput when a file is not TOML of the tables ``objects`` and ``parts``, each of ``name = ["other", …]``, or
    when one name would have to become two.
    """
    tables = [_read(TABLE), *([] if own is None else [_read(own)])]
    merged = {side: {name: others for table in tables for name, others in table[side].items()} for side in SIDES}
    claimed = {side: {other for others in tables[-1][side].values() for other in map(plain, others)} for side in SIDES}
    return Synonyms(*(_turned(side, merged[side], tables[-1][side], claimed[side], own or TABLE) for side in SIDES))


def _turned(
    side: str, table: Mapping[str, list[str]], last: Mapping[str, list[str]], claimed: set[str], path: Path
) -> dict[str, str]:
    """From each other way of writing to the name; what the last table says wins."""
    found: dict[str, str] = {}
    for name, others in table.items():
        for other in map(plain, [name, *others]):
            if name not in last and (other in claimed or other in map(plain, last)):
                continue
            if found.setdefault(other, name) != name:
                raise BadInput(f"{path}: {side} {other!r} cannot become both {found[other]!r} and {name!r}")
    return found


def _read(path: Path) -> dict[str, dict[str, list[str]]]:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no table of synonyms {path}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from error
    unknown = sorted(content.keys() - set(SIDES))
    if unknown or not all(_is_table(content.get(side, {})) for side in SIDES):
        raise BadInput(f'{path}: a table of synonyms has [objects] and [parts], each with lines name = ["other name"]')
    return {side: dict(content.get(side, {})) for side in SIDES}


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(others, list) and all(isinstance(other, str) for other in others) for others in value.values()
    )
