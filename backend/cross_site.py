"""Requests that a browser sends for somebody else's page: it knows our password once an administrator has typed it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semsam_annotate.backend.errors import error_answer

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class CrossSiteMiddleware:
    """Refuses what another site's page would change here, and lets no other site frame or embed an answer.

    Label Studio's server and our clients send no ``Origin`` and no ``Sec-Fetch-Site``, which a page cannot leave out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", ())}
                added = [pair for pair in HEADERS if pair[0] not in names]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        if scope["method"] not in SAFE and _from_another_site(scope):
            await error_answer(403, "this comes from the page of another site")(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def _from_another_site(scope: Scope) -> bool:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if headers.get(b"sec-fetch-site", "none").lower() not in ("none", "same-origin"):
        return True
    origin = headers.get(b"origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get(b"host", "").lower()
