"""Plain pages: values in tables, every text escaped, no script, nothing loaded from anywhere."""

from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25em .7em;"
    "border-top:1px solid #ddd}th{font-weight:600;width:14em}code,pre{font:13px ui-monospace,monospace}"
    "pre{background:#f5f5f5;padding:.7em;overflow:auto}summary{cursor:pointer}"
)


@dataclass(frozen=True)
class Folded:
    """A value that few want to read: behind a line, until somebody clicks on that."""

    line: str
    value: Any


@dataclass(frozen=True)
class Link:
    """A line that leads to another page of this server."""

    line: str
    path: str


def page(title: str, value: dict[str, Any], refresh: int | None = None) -> HTMLResponse:
    """A heading and a table for each key of ``value``; ``refresh``: seconds until it loads itself anew."""
    parts = [f"<h2>{escape(str(key))}</h2>{_shown(inner)}" for key, inner in value.items()]
    return document(title, "".join(parts), refresh)


def document(title: str, body: str, refresh: int | None = None) -> HTMLResponse:
    """A page around ``body``, which is HTML already."""
    again = "" if refresh is None else f'<meta http-equiv="refresh" content="{refresh}">'
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>{again}<style>{_STYLE}</style>'
    whole = f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>'
    return HTMLResponse(whole, headers=HEADERS)


def _shown(value: Any) -> str:
    if isinstance(value, Folded):
        return f"<details><summary>{escape(value.line)}</summary>{_shown(value.value)}</details>"
    if isinstance(value, Link):
        return f'<a href="{escape(value.path)}">{escape(value.line)}</a>'
    if isinstance(value, dict) and value:
        rows = (f"<tr><th>{escape(str(key))}</th><td>{_shown(inner)}</td></tr>" for key, inner in value.items())
        return f"<table>{''.join(rows)}</table>"
    if isinstance(value, list | tuple) and value:
        return "<br>".join(_shown(item) for item in value)
    return escape("–" if value is None or value in ({}, [], "") else str(value))
