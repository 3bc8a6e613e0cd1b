"""How often one client may ask: a token bucket for each address, few of them remembered."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from semsam_annotate.backend.errors import error_answer

CLIENTS = 4096
UNLIMITED = frozenset(("/health", "/webhook"))
"""Label Studio reads a refused health check as "down", and never sends a refused webhook again."""


@dataclass
class _Bucket:
    tokens: float
    time: float


class Rates:
    """Buckets of ``burst`` tokens that fill with ``rate`` a second. Used from the event loop only."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, client: str, take: bool = True) -> int:
        """0 when a client has a token, which it then spends if ``take``; else seconds until it has one."""
        bucket = self._bucket(client)
        if bucket.tokens < 1:
            return max(1, math.ceil((1.0 - bucket.tokens) / self._rate))
        bucket.tokens -= take
        return 0

    def _bucket(self, client: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(client, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + self._rate * (now - bucket.time))
        bucket.time = now
        self._buckets.move_to_end(client)
        while len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return bucket


class RateMiddleware:
    """Answers 429 with ``Retry-After`` to a client that asks more often than it may."""

    def __init__(self, app: ASGIApp, per_second: float) -> None:
        self._app = app
        self._rates = Rates(per_second, 10 * per_second) if per_second > 0 else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if self._rates is not None and scope["type"] == "http" and scope["path"] not in UNLIMITED:
            seconds = self._rates.wait(client_of(scope))
            if seconds:
                await error_answer(429, "too many requests of one client", seconds)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def client_of(scope: Scope) -> str:
    """Address of the client; of a proxy on this machine, the one that it names."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
