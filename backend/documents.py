"""The versioned API described: as OpenAPI for programs, as a plain page for people; nothing is loaded from the net."""

import json
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from semsam_annotate.backend.pages import document

router = APIRouter()


@router.get("/v1/openapi.json")
async def openapi() -> dict[str, Any]:
    """The description that ``openapi.json`` holds."""
    return described()


@router.get("/docs")
async def docs() -> HTMLResponse:
    """The same as a page."""
    api = described()
    routes = "".join(
        _route(method, path, about) for path, methods in api["paths"].items() for method, about in methods.items()
    )
    schemas = "".join(
        f"<h3><code>{escape(name)}</code></h3>{_json(schema)}" for name, schema in api["components"]["schemas"].items()
    )
    intro = f"<p>{escape(api['info']['description'])}</p>"
    return document(f"{api['info']['title']} {api['info']['version']}", f"{intro}{routes}<h2>Schemas</h2>{schemas}")


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document of ``/v1``; not to be changed."""
    text = resources.files("semsam_annotate.backend").joinpath("openapi.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _route(method: str, path: str, about: dict[str, Any]) -> str:
    body = about.get("requestBody", {}).get("content", {})
    asked = "".join(f"<p>Takes <code>{escape(kind)}</code></p>{_json(value['schema'])}" for kind, value in body.items())
    query = _json(about["parameters"]) if "parameters" in about else ""
    answered = about["responses"]["200"]["content"]["application/json"]["schema"]
    head = f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2><p>{escape(about['summary'])}</p>"
    return f"{head}{query}{asked}<p>Answers</p>{_json(answered)}"


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
