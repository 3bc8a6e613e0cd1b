"""Label Studio's API over HTTP: its token to its own host only, no redirects, timeouts, errors in one line."""

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import origin_of
from semsam_annotate.backend.label_studio.tokens import TokenKind, token_kind

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_ACCESS_SECONDS = 240.0
"""An access token is valid for 300 s."""
PAGE = 100


class Refused(BadInput):
    """Label Studio said no. ``status``: of HTTP; ``detail``: its words; ``fields``: those about what was sent."""

    def __init__(self, line: str, status: int, detail: str, fields: Mapping[str, str]) -> None:
        super().__init__(line)
        self.status, self.detail, self.fields = status, detail, dict(fields)


class Unreachable(BadInput):
    """Nobody answers at Label Studio's address, or it is not Label Studio."""


class LabelStudioApi:
    """One Label Studio and one token. Every call raises ``Unreachable`` or ``Refused``, both ``BadInput``."""

    def __init__(self, url: str, token: str, timeout: httpx.Timeout = _TIMEOUT) -> None:
        """``url``: scheme, host, port and the path it lives under. ``token``: legacy, refresh or access token."""
        if not token.strip() or not token.isascii() or any(character.isspace() for character in token.strip()):
            raise BadInput("the token of Label Studio is one word: see Account & Settings there")
        self.origin, self._token = origin_of(url), token.strip()
        self.skew = 0.0
        """Seconds that Label Studio's clock is ahead of this machine's, as of the last answer."""
        self._access: tuple[str, float] | None = None
        self._client = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def __enter__(self) -> "LabelStudioApi":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    @property
    def kind(self) -> TokenKind:
        """What the token is."""
        return token_kind(self._token)

    def get(self, path: str, query: Mapping[str, Any] | None = None, seconds: float = 60.0) -> Any:
        """The JSON answer of a GET; ``seconds`` may pass without a byte of it."""
        timeout = httpx.Timeout(seconds, connect=10.0) if seconds != 60.0 else httpx.USE_CLIENT_DEFAULT
        return self._call("GET", path, params=dict(query or {}), timeout=timeout)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer of a POST of JSON, None when it is empty."""
        return self._call("POST", path, json=dict(body))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer of a PATCH of JSON."""
        return self._call("PATCH", path, json=dict(body))

    def delete(self, path: str) -> None:
        """Delete what is at a path."""
        self._call("DELETE", path)

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row of a list that comes in pages (``results``)."""
        number, more = 1, True
        while more:
            answer = self.get(path, {**query, "page": number, "page_size": PAGE})
            yield from answer["results"]
            number, more = number + 1, bool(answer.get("next"))

    def open(self, path: str) -> Any:
        """The JSON answer of a GET without any token."""
        return self._read(self._send("GET", path, {}))

    def _call(self, method: str, path: str, **content: Any) -> Any:
        answer = self._send(method, path, self._authorization(), **content)
        if answer.status_code == 401 and self.kind == "refresh" and self._access is not None:
            self._access = None  # expired in flight
            answer = self._send(method, path, self._authorization(), **content)
        return self._read(answer)

    def _send(self, method: str, path: str, headers: dict[str, str], **content: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, self.origin + path, headers=headers, **content)
        except httpx.TimeoutException as error:
            raise Unreachable(f"Label Studio at {self.origin} did not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"Label Studio at {self.origin} cannot be reached: {error}") from error
        self._client.cookies.clear()  # a session beside the token would outlive it
        self._note_time(answer)
        return answer

    def _authorization(self) -> dict[str, str]:
        if self.kind != "refresh":
            return {"Authorization": f"{'Token' if self.kind == 'legacy' else 'Bearer'} {self._token}"}
        if self._access is None or self._access[1] < time.monotonic():
            answer = self._read(self._send("POST", "/api/token/refresh/", {}, json={"refresh": self._token}))
            self._access = (str(answer["access"]), time.monotonic() + _ACCESS_SECONDS)
        return {"Authorization": f"Bearer {self._access[0]}"}

    def _note_time(self, answer: httpx.Response) -> None:
        try:
            self.skew = parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()
        except (KeyError, ValueError):
            return

    def _read(self, answer: httpx.Response) -> Any:
        where = f"{answer.request.method} {answer.request.url.path}"
        if answer.is_redirect:
            raise Unreachable(
                f"{self.origin} sends {where} elsewhere, and a token does not follow: give the address that it lives at"
            )
        if not answer.is_success:
            raise self._refusal(answer, where)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise Unreachable(f"{self.origin} is not a Label Studio: its answer to {where} is not JSON") from error

    def _refusal(self, answer: httpx.Response, where: str) -> Refused:
        detail, fields = _reason(answer)
        if answer.status_code == 401:
            line = f"Label Studio refuses the token ({detail}): make one under Account & Settings"
        else:
            said = "; ".join(text if name == "non_field_errors" else f"{name}: {text}" for name, text in fields.items())
            line = f"Label Studio answers {answer.status_code} to {where}: {said or detail}"
        return Refused(line, answer.status_code, detail, fields)


def _reason(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """The detail, and what is said about each field."""
    try:
        body = answer.json()
        errors = body.get("validation_errors") or {}
        fields = {str(name): _line(value) for name, value in errors.items()} if isinstance(errors, dict) else {}
        return _line(body.get("detail") or answer.reason_phrase), fields
    except (ValueError, AttributeError):
        return answer.reason_phrase or "no reason given", {}


def _line(value: Any) -> str:
    listed = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else [value]
    return " ".join(" ".join(str(item).split()) for item in listed)[:600]
