"""Who may call the server: a bearer token or HTTP basic auth, always one of them.

Label Studio sends HTTP basic auth on /health, /setup, /predict, /versions and on the START_TRAINING webhook, but **no
auth at all on annotation webhooks**. It keeps the base path of the backend's URL, so a secret in that path comes with
every webhook: add the backend as ``http://host:port/hook/<secret>`` with basic auth. Under that path an annotation
webhook needs no header; everything else still does.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from semsam_annotate.api import BadInput

HOOK_PREFIX = "/hook/"


@dataclass(frozen=True)
class Credentials:
    """What opens the server.

    ``token``: sent as ``Authorization: Bearer <token>`` or ``Token <token>``, or as the password of basic auth with
    any user name. ``basic``: (user, password) of basic auth. ``hook_secret``: the part of the path that opens
    ``/hook/<secret>/webhook``. At least one of token and basic is set, none of them is empty.
    """

    token: str | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    hook_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.token is None and self.basic is None:
            raise BadInput("a server needs a token or a user and password: it never runs open")
        if self.token is not None and len(self.token) < 8:
            raise BadInput("a token has at least 8 characters")
        if self.basic is not None and not all(self.basic):
            raise BadInput("basic auth needs a user name and a password: USER:PASSWORD")
        if self.hook_secret is not None and len(self.hook_secret) < 16:
            raise BadInput("the secret of the webhook path has at least 16 characters")

    @classmethod
    def generate(cls) -> "Credentials":
        """A fresh random token and webhook secret."""
        return cls(token=secrets.token_urlsafe(24), hook_secret=secrets.token_urlsafe(24))

    def allow(self, authorization: str | None) -> bool:
        """Whether an ``Authorization`` header opens the server; compared in constant time."""
        kind, _, value = (authorization or "").partition(" ")
        if kind.lower() in ("bearer", "token"):
            return self.token is not None and _same(value.strip(), self.token)
        if kind.lower() == "basic":
            return self._allow_basic(value.strip())
        return False

    def _allow_basic(self, encoded: str) -> bool:
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
        by_token = self.token is not None and _same(password, self.token)
        by_pair = self.basic is not None and _same(user, self.basic[0]) & _same(password, self.basic[1])
        return bool(colon) and (by_token or by_pair)

    def allow_hook(self, secret: str) -> bool:
        """Whether the secret of a webhook path is the right one; compared in constant time."""
        return self.hook_secret is not None and _same(secret, self.hook_secret)


class AuthMiddleware:
    """Refuses a request before its body is read; strips ``/hook/<secret>`` from the path of one that may pass.

    Sets ``scope["state"]["authenticated"]``: False only for a webhook that came by its secret path.
    """

    def __init__(self, app: ASGIApp, credentials: Credentials) -> None:
        self._app, self._credentials = app, credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer 401."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        hook, scope = self._unwrap(scope)
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        known = self._credentials.allow(headers.get(b"authorization", b"").decode("latin-1"))
        if scope["type"] == "http" and (known or (hook and scope["path"] == "/webhook")):
            await self._app({**scope, "state": {**scope.get("state", {}), "authenticated": known}}, receive, send)
        elif scope["type"] == "http":
            await _refusal()(scope, receive, send)

    def _unwrap(self, scope: Scope) -> tuple[bool, Scope]:
        path: str = scope["path"]
        if not path.startswith(HOOK_PREFIX):
            return False, scope
        secret, _, rest = path[len(HOOK_PREFIX) :].partition("/")
        if not self._credentials.allow_hook(secret):
            return False, scope
        return True, {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}


def _refusal() -> JSONResponse:
    line = "this server needs 'Authorization: Bearer TOKEN' or HTTP basic auth; the token was shown when it started"
    return JSONResponse({"error": line}, status_code=401, headers={"WWW-Authenticate": 'Basic realm="semsam"'})


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode("utf-8"))
