"""The rows of a list of names: what a person types filters it, best guesses come first, a new name comes last."""

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

    A typed name that is none of them is offered last, as a new one.
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
    rows.sort(key=lambda row: not row.name.casefold().startswith(wanted))
    if wanted and wanted not in {name.casefold() for name in names}:
        rows.append(NameRow(typed.strip(), new=True))
    return rows


def reason(name: str, alike: Mapping[str, int]) -> str:
    """Why a name is likely: "like 4 you accepted", or by its word alone; "" for no name."""
    count = alike.get(name, 0)
    if not name:
        return ""
    return f"like {count} you accepted" if count else "by its word alone"
