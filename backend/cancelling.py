"""Calls of the engine that end when their client says so, or goes away."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from starlette.requests import Request

from semsam_annotate.api import CancelToken, Engine
from semsam_annotate.backend.services import Services

T = TypeVar("T")


async def run_cancellable(
    shared: Services, request: Request, name: str | None, call: Callable[[Engine, CancelToken], T]
) -> T:
    """``call(engine, token)``, which takes long; the token is cancelled by name or when the client hangs up."""
    token = shared.calls.start(name)
    watch = asyncio.create_task(_watch(request, token))
    try:
        return await shared.worker.run_long(lambda engine: _unless_cancelled(engine, token, call))
    finally:
        shared.calls.end(name)
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


def _unless_cancelled(engine: Engine, token: CancelToken, call: Callable[[Engine, CancelToken], T]) -> T:
    token.check()  # it may have waited long for its turn
    return call(engine, token)


async def _watch(request: Request, token: CancelToken) -> None:
    """The body was read, so the next message can only be that the client is gone."""
    message = await request.receive()
    if message["type"] == "http.disconnect":
        token.cancel()
