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
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from semsam_annotate.api import BadInput
from semsam_annotate.backend.errors import error_answer
from semsam_annotate.backend.rates import Rates, client_of

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

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be written down."""
        password = None if self.basic is None else self.basic[1]
        return tuple(text for text in (self.token, password, self.hook_secret) if text is not None)

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

    Sets ``scope["state"]["authenticated"]``: False only for a webhook that came by its secret path. After many wrong
    tries an address is asked to wait, whatever it sends, unless it sends what was right before: so guessing is slow,
    and nobody locks out a client behind the same address.
    """

    def __init__(self, app: ASGIApp, credentials: Credentials) -> None:
        self._app, self._credentials = app, credentials
        self._wrong, self._known = Rates(0.5, 30), Remembered()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer 401."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        sent = headers.get(b"authorization", b"") + b" " + _hook_secret(scope).encode("utf-8", "surrogateescape")
        seconds = 0 if sent in self._known else self._wrong.wait(client_of(scope), take=False)
        if seconds:
            await error_answer(429, "too many wrong credentials from this address", seconds)(scope, receive, send)
            return
        hook, inner = self._unwrap(scope)
        known = self._credentials.allow(headers.get(b"authorization", b"").decode("latin-1"))
        if not known and not (hook and inner["path"] == "/webhook"):
            self._wrong.wait(client_of(scope))
            await _refusal()(scope, receive, send)
            return
        self._known.add(sent)
        await self._app({**inner, "state": {**inner.get("state", {}), "authenticated": known}}, receive, send)

    def _unwrap(self, scope: Scope) -> tuple[bool, Scope]:
        path: str = scope["path"]
        if not path.startswith(HOOK_PREFIX):
            return False, scope
        secret, _, rest = path[len(HOOK_PREFIX) :].partition("/")
        if not self._credentials.allow_hook(secret):
            return False, scope
        return True, {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}


def _hook_secret(scope: Scope) -> str:
    """What stands in the path where the webhook's secret belongs, "" in a path without."""
    path: str = scope["path"]
    return path[len(HOOK_PREFIX) :].partition("/")[0] if path.startswith(HOOK_PREFIX) else ""


class Remembered:
    """Up to ``capacity`` secrets that were right, as keyed digests: looking one up tells nothing by its time."""

    def __init__(self, capacity: int = 256) -> None:
        self._key, self._capacity = secrets.token_bytes(32), capacity
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def add(self, secret: bytes) -> None:
        """Remember one, the oldest unused is forgotten."""
        self._digests[self._digest(secret)] = None
        self._digests.move_to_end(self._digest(secret))
        while len(self._digests) > self._capacity:
            self._digests.popitem(last=False)

    def __contains__(self, secret: bytes) -> bool:
        return self._digest(secret) in self._digests

    def _digest(self, secret: bytes) -> bytes:
        return hmac.digest(self._key, secret, "sha256")


def _refusal() -> JSONResponse:
    line = "this server needs 'Authorization: Bearer TOKEN' or HTTP basic auth; the token was shown when it started"
    return JSONResponse({"error": line}, status_code=401, headers={"WWW-Authenticate": 'Basic realm="semsam"'})


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode("utf-8"))
