"""Every request counted, timed and logged, by its route: a path can carry the webhook's secret, a query anything."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semsam_annotate.backend.auth import HOOK_PREFIX
from semsam_annotate.backend.metrics import Metrics
from semsam_annotate.backend.rates import client_of

log = logging.getLogger("semsam.requests")
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class ObserveMiddleware:
    """Around everything else, so that refused requests count too."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        """``routes``: every path that is served; any other is counted as "other"."""
        self._app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(scope, status, time.perf_counter() - begin)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = self._route(scope["path"]), scope["method"] if scope["method"] in METHODS else "OTHER"
        self._metrics.answered(route, method, status, seconds)
        level = logging.DEBUG if route == "/health" and status < 400 else logging.INFO
        about = {"route": route, "method": method, "status": status, "ms": round(1000 * seconds, 1)}
        log.log(level, "request", extra={**about, "client": client_of(scope)})

    def _route(self, path: str) -> str:
        if path.startswith(HOOK_PREFIX):
            path = "/" + path[len(HOOK_PREFIX) :].partition("/")[2]
        return path if path in self._routes else "other"
