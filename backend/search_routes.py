"""Masks by words and by example over HTTP, beside ``engine_routes``.

POST /v1/find   {"embedding": key, "text", "vocabulary"}                                  -> {"proposals": […]}
POST /v1/alike  {"embedding": key, "example": RLE, "source": key or null, "threshold"}    -> {"proposals": […]}

Both may take a "vocabulary" for the labels, and a "request" to cancel by.
"""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from semsam_annotate.api import ALIKE, BadInput, CancelToken, Engine, Mask, Proposal, decode_rle
from semsam_annotate.api.rle import rle_size
from semsam_annotate.backend.bodies import MAX_NAME, parse_vocabulary, parsed
from semsam_annotate.backend.cancelling import run_cancellable
from semsam_annotate.backend.engine_routes import call_name, embedding_key, read_json
from semsam_annotate.backend.services import services

router = APIRouter(prefix="/v1")


@router.post("/find")
async def find(request: Request) -> dict[str, Any]:
    """Everything in the image, what a phrase names first."""
    shared, body = services(request), await read_json(request)
    embedding, vocabulary = shared.handles.get(embedding_key(body)), parse_vocabulary(body.get("vocabulary"))
    text = parse_text(body.get("text"))

    def call(engine: Engine, token: CancelToken) -> dict[str, Any]:
        return _answer(engine.find(embedding, text, vocabulary, cancel=token))

    return await run_cancellable(shared, request, call_name(body), call)


@router.post("/alike")
async def alike(request: Request) -> dict[str, Any]:
    """What looks like an example."""
    shared, body = services(request), await read_json(request)
    embedding, vocabulary = shared.handles.get(embedding_key(body)), parse_vocabulary(body.get("vocabulary"))
    source = embedding if body.get("source") is None else shared.handles.get(embedding_key(body, "source"))
    example = parse_example(body.get("example"), source.size)
    threshold = parse_share(body.get("threshold", ALIKE))

    def call(engine: Engine, token: CancelToken) -> dict[str, Any]:
        return _answer(engine.alike(embedding, example, source, threshold, vocabulary, cancel=token))

    return await run_cancellable(shared, request, call_name(body), call)


def parse_text(value: Any) -> str:
    """A phrase of bounded length."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_NAME:
        raise BadInput(f'"text" is a phrase of 1 to {MAX_NAME} characters, such as "left wheel"')
    return value.strip()


def parse_example(value: Any, size: tuple[int, int]) -> Mask:
    """A (H, W) bool mask from its RLE, decoded only when it has the image's size."""
    height, width = size
    if not isinstance(value, dict) or rle_size(value) != size:
        raise BadInput(f'"example" is the RLE of a mask of its image, {width}x{height} pixels')
    return parsed("the example", lambda: decode_rle(value))


def parse_share(value: Any) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f'"threshold" is a number from 0 to 1, not {str(value)[:50]}')
    return float(value)


def _answer(found: list[Proposal]) -> dict[str, Any]:
    return {"proposals": [proposal.to_json() for proposal in found]}
