"""Options that these commands share, and how they answer."""

import getpass
from collections.abc import Iterable, Sequence
from json import dumps
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category

import typer

ProjectOption = Annotated[Path, typer.Option("--project", help="Project folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
MeOption = Annotated[str | None, typer.Option("--as", help="Who does it; your user name when left out.")]


def me(given: str | None) -> str | None:
    """The name given, trimmed, or that of the user; None for blanks, which are nobody's name."""
    if given is not None:
        return given.strip() or None
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return None


def answer(json: bool, content: Any, lines: Iterable[str]) -> None:
    """JSON for a machine, else lines for a person."""
    if json:
        typer.echo(dumps(content, ensure_ascii=False))
        return
    for line in lines:
        typer.echo("".join(map(_shown, line)))


def _shown(letter: str) -> str:
    """Line breaks and what steers a terminal as they are written: what people say must not look like another line."""
    return ascii(letter)[1:-1] if category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines with columns under each other, what is unknown as a dash; without rows a line that says so."""
    texts = [list(head), *([_cell(value) for value in row] for row in rows)]
    if len(texts) == 1:
        return ["nothing to list"]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
