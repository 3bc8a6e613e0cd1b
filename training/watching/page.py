"""The live page: one HTML file that reloads itself, beside its pictures."""

import html
import os
from collections.abc import Callable, Sequence
from pathlib import Path

RELOAD = 20
"""Seconds after which a browser reads the page again."""

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{reload}"><title>{title}</title>
<style>body{{font:15px system-ui,sans-serif;margin:24px;color:#1c2026}}td{{padding:2px 18px 2px 0}}
img{{max-width:100%;margin-top:16px}}</style>
<h1>{title}</h1><table>{rows}</table>{pictures}</html>
"""


def write_page(title: str, facts: Sequence[tuple[str, str]], folder: Path, stamp: int) -> None:
    """Write ``folder``/index.html with a table of facts and every picture that is there; all or nothing."""
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in facts)
    there = [name for name in ("curves.png", "ladders.png") if (folder / name).exists()]
    pictures = "".join(f'<p><img src="{name}?{stamp}" alt="{name}"></p>' for name in there)
    text = PAGE.format(reload=RELOAD, title=html.escape(title), rows=rows, pictures=pictures)
    replaced(folder / "index.html", lambda partial: partial.write_text(text, encoding="utf-8"))


def replaced(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file that then takes the place of ``path``."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def duration(seconds: float) -> str:
    """Such as "2 h 05 min" or "40 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
