"""The Engine protocol over HTTP, under ``/v1``: what ``semsam_annotate.remote`` speaks.

    GET  /v1/info                                              -> EngineInfo
    POST /v1/encode   an image file, or raw RGB bytes with ?height=&width= -> {"key", "size": [height, width], "model"}
    POST /v1/propose      {"embedding": key, "prompt", "vocabulary"}       -> {"ladder": […]}
    POST /v1/propose_many {"embedding": key, "prompts", "vocabulary"}      -> {"ladders": [[…], …]}
    POST /v1/auto         {"embedding": key, "vocabulary", "settings"}     -> {"tree": […]}
    POST /v1/segment      {"embedding": key, "vocabulary", "task"}         -> {"proposals": […]} or {"segmentation"}
    POST /v1/cancel       {"request": name}                                -> {"cancelled": bool}
    POST /v1/resolve      {"vocabulary"}                                   -> {"vocabulary"}
    POST /v1/remember {"embedding": key, "mask": RLE, "object", "part", "id"} -> {}
    POST /v1/forget   {"ids": […]}                                         -> {}
    POST /v1/release      {"embedding": key}                               -> {"released": bool}

Masks travel as COCO run-length encoding, prompts in pixel coordinates. ``encode`` (in the query), ``propose_many`` and
``auto`` take a ``request``: a name for the call, to cancel it by; it also ends when the client hangs up. Errors are
``{"error": one line}``: 410 for a stale embedding, 499 for a cancelled call, 429 with ``Retry-After`` when too
much waits or one client asks too often, 4xx for what the caller got wrong. ``openapi.json`` has it all for programs.
"""

from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from semsam_annotate.annotations.images import read_image
from semsam_annotate.api import (
    AutoSettings,
    BadInput,
    CancelToken,
    Engine,
    RgbImage,
    Segmentation,
    Vocabulary,
    checked_task,
)
from semsam_annotate.backend.bodies import parse_object, parse_prompt, parse_prompts, parse_vocabulary
from semsam_annotate.backend.cancelling import run_cancellable
from semsam_annotate.backend.limits import read_body
from semsam_annotate.backend.remembering import parse_ids, parse_remember
from semsam_annotate.backend.services import services

router = APIRouter(prefix="/v1")


@router.get("/info")
async def info(request: Request) -> dict[str, Any]:
    """Name, version, device, parameters, capabilities."""
    found = await services(request).worker.run(lambda engine: engine.info)
    return found.to_json()


@router.post("/encode")
async def encode(request: Request, height: int | None = None, width: int | None = None) -> dict[str, Any]:
    """Encode an image once; the answer is its handle."""
    shared, name = services(request), request.query_params.get("request")
    limit = shared.settings.max_pixels
    raw = height is not None and width is not None
    if raw:
        _check_size(int(height or 0), int(width or 0), limit)
    body = await read_body(request, shared.settings.max_image_bytes)

    def make() -> RgbImage:
        return from_raw(body, int(height or 0), int(width or 0)) if raw else from_file(body, limit)

    # decoded when it is its turn: those that wait, or are refused, are no larger than their bodies
    found = await run_cancellable(shared, request, name, lambda engine, token: engine.encode(make(), cancel=token))
    embedding = shared.handles.put(found)
    return {"key": embedding.key, "size": list(embedding.size), "model": embedding.model}


@router.post("/propose")
async def propose(request: Request) -> dict[str, Any]:
    """Masks for one prompt."""
    shared, body = services(request), await read_json(request)
    embedding, vocabulary = shared.handles.get(embedding_key(body)), parse_vocabulary(body.get("vocabulary"))
    prompt = parse_prompt(body.get("prompt"))
    ladder = await shared.worker.run(lambda engine: engine.propose(embedding, prompt, vocabulary).to_json())
    return {"ladder": ladder}


@router.post("/propose_many")
async def propose_many(request: Request) -> dict[str, Any]:
    """The same as one by one, in one pass."""
    shared, body = services(request), await read_json(request)
    embedding, vocabulary = shared.handles.get(embedding_key(body)), parse_vocabulary(body.get("vocabulary"))
    prompts = parse_prompts(body.get("prompts"))

    def call(engine: Engine, token: CancelToken) -> list[Any]:
        return [ladder.to_json() for ladder in engine.propose_many(embedding, prompts, vocabulary, cancel=token)]

    return {"ladders": await run_cancellable(shared, request, call_name(body), call)}


@router.post("/auto")
async def auto(request: Request) -> dict[str, Any]:
    """Everything in the image, objects with their parts."""
    shared, body = services(request), await read_json(request)
    embedding, vocabulary = shared.handles.get(embedding_key(body)), parse_vocabulary(body.get("vocabulary"))
    given = body.get("settings")
    settings = None if given is None else AutoSettings.from_json(given)

    def call(engine: Engine, token: CancelToken) -> Any:
        return engine.auto(embedding, vocabulary, settings, cancel=token).to_json()

    return {"tree": await run_cancellable(shared, request, call_name(body), call)}


@router.post("/cancel")
async def cancel(request: Request) -> dict[str, Any]:
    """Cancel a call by the name that its client gave it."""
    name = call_name(await read_json(request))
    return {"cancelled": name is not None and services(request).calls.cancel(name)}


@router.post("/segment")
async def segment(request: Request) -> dict[str, Any]:
    """All of a vocabulary without a prompt."""
    shared, body = services(request), await read_json(request)
    embedding, vocabulary = shared.handles.get(embedding_key(body)), _vocabulary(body)
    task = checked_task(str(body.get("task", "instance")))
    found = await shared.worker.run_long(lambda engine: engine.segment(embedding, vocabulary, task))
    if isinstance(found, Segmentation):
        return {"segmentation": await run_in_threadpool(found.to_json)}
    return {"proposals": await run_in_threadpool(lambda: [proposal.to_json() for proposal in found])}


@router.post("/resolve")
async def resolve(request: Request) -> dict[str, Any]:
    """The vocabulary with its known names."""
    vocabulary = _vocabulary(await read_json(request))
    resolved = await services(request).worker.run(lambda engine: engine.resolve(vocabulary))
    return {"vocabulary": resolved.to_json()}


@router.post("/remember")
async def remember(request: Request) -> dict[str, Any]:
    """Let an accepted mask name what looks like it."""
    shared, body = services(request), await read_json(request)
    embedding = shared.handles.get(embedding_key(body))
    asked = await run_in_threadpool(parse_remember, body, embedding.size)
    await shared.worker.run(
        lambda engine: engine.remember(embedding, asked.mask, asked.object, asked.part, id=asked.id)
    )
    return {}


@router.post("/forget")
async def forget(request: Request) -> dict[str, Any]:
    """Forget the masks of records."""
    ids = parse_ids((await read_json(request)).get("ids"))
    await services(request).worker.run(lambda engine: engine.forget(ids))
    return {}


@router.post("/release")
async def release(request: Request) -> dict[str, Any]:
    """Drop a handle."""
    return {"released": services(request).handles.release(embedding_key(await read_json(request)))}


def from_raw(body: bytes, height: int, width: int) -> RgbImage:
    """(height, width, 3) uint8 RGB from its bytes, row by row."""
    if len(body) != height * width * 3:
        raise BadInput(f"{height}x{width} RGB needs {height * width * 3} bytes, the body has {len(body)}")
    return np.frombuffer(body, dtype=np.uint8).reshape(height, width, 3).copy()


def from_file(body: bytes, max_pixels: int) -> RgbImage:
    """(H, W, 3) uint8 RGB from the bytes of an image file, EXIF orientation applied."""
    return read_image(body, max_pixels)


def _check_size(height: int, width: int, max_pixels: int) -> None:
    if height < 1 or width < 1 or height * width > max_pixels:
        raise BadInput(f"an image has 1 to {max_pixels} pixels, not height {height} and width {width}")


async def read_json(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object of bounded length."""
    limit = services(request).settings.max_json_bytes
    return await run_in_threadpool(parse_object, await read_body(request, limit))


def _vocabulary(body: dict[str, Any]) -> Vocabulary:
    vocabulary = parse_vocabulary(body.get("vocabulary"))
    if vocabulary is None:
        raise BadInput('"vocabulary" is missing')
    return vocabulary


def call_name(body: dict[str, Any]) -> str | None:
    """The name that a client gave its call, to cancel it by."""
    name = body.get("request")
    if name is not None and not isinstance(name, str):
        raise BadInput('"request" is a text that names the call')
    return name


def embedding_key(body: dict[str, Any], field: str = "embedding") -> str:
    """The key of an embedding in a body."""
    key = body.get(field)
    if not isinstance(key, str):
        raise BadInput(f'"{field}" is the key that /v1/encode answered')
    return key
