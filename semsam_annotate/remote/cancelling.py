"""Calls over the wire that a token ends."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from semsam_annotate.api import CancelToken, SemsamError
from semsam_annotate.remote.transport import Transport


@contextmanager
def cancellable(transport: Transport, cancel: CancelToken | None) -> Iterator[dict[str, str]]:
    """Names a call, for its body or query, so that the server stops it when the token is cancelled; {} without one."""
    if cancel is None:
        yield {}
        return
    cancel.check()
    name = uuid.uuid4().hex

    def tell() -> None:
        with suppress(SemsamError):  # the call itself says when the server is gone
            transport.post("/v1/cancel", {"request": name})

    take_back = cancel.on_cancel(lambda: Thread(target=tell, daemon=True).start())  # whoever cancels does not wait
    try:
        yield {"request": name}
    finally:
        take_back()
