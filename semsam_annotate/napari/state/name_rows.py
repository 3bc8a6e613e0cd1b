"""The rows of a list of names: what a person types filters it and stands on top, best guesses come next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class NameRow:
    """A name with its colour ("#rrggbb" or None), its letter, and how likely the model finds it (None: no guess).

    ``alike``: accepted masks that speak for it.
    """

    name: str
    colour: str | None = None
    letter: str = ""
    probability: float | None = None
    new: bool = False
    alike: int = 0


def name_rows(
    names: Sequence[str],
    guesses: Sequence[tuple[str, float]] = (),
    typed: str = "",
    colours: Mapping[str, str] | None = None,
    letters: Mapping[str, str] | None = None,
    alike: Mapping[str, int] | None = None,
) -> list[NameRow]:
    """Rows for ``typed`` text (names that hold it), guesses first, best first, then names in their own order.

    The first is the text itself, as the name that it is or as a new one; names that begin with it come next.
    """
    known = dict(guesses)
    ranked = sorted(names, key=lambda name: -known.get(name, 0.0))
    wanted = typed.strip().casefold()
    rows = [
        NameRow(
            name,
            (colours or {}).get(name),
            (letters or {}).get(name, ""),
            known.get(name),
            False,
            (alike or {}).get(name, 0),
        )
        for name in ranked
        if wanted in name.casefold()
    ]
    rows.sort(key=lambda row: _distance(row.name, typed.strip()))
    if wanted and wanted not in {name.casefold() for name in names}:
        rows.insert(0, NameRow(typed.strip(), new=True))
    return rows


def completion(rows: Sequence[NameRow], typed: str) -> str | None:
    """The first name listed that goes on where the text ends, None where the text is a name or begins none."""
    wanted = typed.strip().casefold()
    known = [row.name for row in rows if not row.new]
    if not wanted or wanted in {name.casefold() for name in known}:
        return None
    return next((name for name in known if name.casefold().startswith(wanted)), None)


def _distance(name: str, typed: str) -> tuple[bool, bool, bool]:
    """How far a name is from a text: the same, the same but for capitals, beginning with it, only holding it."""
    plain, wanted = name.casefold(), typed.casefold()
    return name != typed, plain != wanted, not plain.startswith(wanted)


def reason(name: str, alike: Mapping[str, int]) -> str:
    """Why a name is likely: "like 4 you accepted", or by its word alone; "" for no name."""
    count = alike.get(name, 0)
    if not name:
        return ""
    return f"like {count} you accepted" if count else "by its word alone"
