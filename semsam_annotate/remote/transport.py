"""HTTP with the server's errors turned back into ours, and its wish to be asked later granted within bounds."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from semsam_annotate.api import BadInput, Cancelled, EngineUnavailable, StaleEmbedding

T = TypeVar("T")
PATIENCE, LONGEST_PAUSE = 60.0, 15.0
"""Seconds that a busy server (429) is asked again, and seconds between two tries at most."""


class Transport:
    """One server: its address, its token, its connections."""

    def __init__(self, url: str, token: str | None, timeout: float, patience: float = PATIENCE) -> None:
        """BadInput when ``url`` is no http address. Redirects are not followed: the token goes to this host only."""
        self._patience, self._closed = patience, threading.Event()
        try:
            self._url = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise BadInput(f"{url!r} is not the address of a server: {error}") from error
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise BadInput(f"the address of a server is http://host:port, not {url!r}")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(
            base_url=self._url,
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=10.0),
            trust_env=False,  # a proxy of the environment must not see the pixels or the token
        )

    @property
    def host(self) -> str:
        """Name or address of the server."""
        return self._url.host

    def get(self, path: str) -> Any:
        """The JSON answer of a GET."""
        return self._exchange("GET", path)

    def post(self, path: str, value: Mapping[str, Any]) -> Any:
        """The JSON answer of a POST of JSON."""
        return self._exchange("POST", path, json=value)

    def send(self, path: str, body: bytes, query: Mapping[str, int | str]) -> Any:
        """The JSON answer of a POST of bytes."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._exchange("POST", path, content=body, params=dict(query), headers=headers)

    def decode(self, make: Callable[[Any], T], value: Any) -> T:
        """``make(value)``; EngineUnavailable when the answer is not what this version understands."""
        try:
            return make(value)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise EngineUnavailable(f"{self._url} answered what this version does not understand: {error}") from error

    def close(self) -> None:
        """Close the connections; a call that waits to ask again ends."""
        self._closed.set()
        self._client.close()

    def _exchange(self, method: str, path: str, **content: Any) -> Any:
        answer, until = self._once(method, path, **content), time.monotonic() + self._patience
        while answer.status_code == 429:
            pause = _pause(answer)
            if time.monotonic() + pause > until:
                raise EngineUnavailable(f"the engine at {self._url} is busy: {_line(answer)}")
            if self._closed.wait(pause):
                raise EngineUnavailable(f"the engine at {self._url} cannot be reached: the connection was closed")
            answer = self._once(method, path, **content)
        if not answer.is_success:
            raise self._error(answer)
        try:
            return answer.json()
        except ValueError as error:
            raise EngineUnavailable(f"{self._url} is not an engine's server: its answer is not JSON") from error

    def _once(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **content)
        except httpx.TimeoutException as error:
            raise EngineUnavailable(f"the engine at {self._url} did not answer in time") from error
        except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
            raise EngineUnavailable(f"the engine at {self._url} cannot be reached: {error}") from error

    def _error(self, answer: httpx.Response) -> Exception:
        line = _line(answer)
        if answer.status_code == 410:
            return StaleEmbedding(line)
        if answer.status_code == 499:
            return Cancelled(line)
        if answer.status_code in (401, 403):
            return EngineUnavailable(f"the engine at {self._url} refuses the token")
        if answer.status_code == 404 or not 400 <= answer.status_code < 500:
            return EngineUnavailable(f"the engine at {self._url} answered {answer.status_code}: {line}")
        return BadInput(line)


def _pause(answer: httpx.Response) -> float:
    """Seconds that the server asks to wait, within bounds; dates, which the header may hold too, count as a second."""
    text = answer.headers.get("Retry-After", "")
    return min(LONGEST_PAUSE, max(0.1, float(text) if text.isdecimal() and len(text) < 6 else 1.0))


def _line(answer: httpx.Response) -> str:
    try:
        return " ".join(str(answer.json()["error"]).split())
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase or "no reason given"
