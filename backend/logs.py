"""Logs as lines of JSON, without secrets, without what stands behind ? in an address, without images."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Any

from semsam_annotate.api import BadInput

LEVELS = ("debug", "info", "warning", "error")
LONGEST = 2000
"""Characters of one text in a line."""
_OWN = frozenset(("route", "method", "status", "ms", "client"))
_HIDDEN = (
    (re.compile(r"/hook/[^/\s\"']+"), "/hook/…"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]+"), "?…"),
    (re.compile(r"data:image/[^\s\"']+"), "data:image/…"),
    (re.compile(r"(?i)\b(bearer|token|basic) [\w.~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "…"),
)


class JsonLines(logging.Formatter):
    """One JSON object a record: time (UTC), level, logger, message, and what a request's line says of it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted((text for text in secrets if text), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = self.clean(record.getMessage())
        line |= {key: value for key, value in record.__dict__.items() if key in _OWN}
        if record.exc_info:
            line["traceback"] = self.clean(self.formatException(record.exc_info), 20 * LONGEST)
        return json.dumps(line, ensure_ascii=False)

    def clean(self, text: str, longest: int = LONGEST) -> str:
        """A text without what must not be written down."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        for pattern, instead in _HIDDEN:
            text = pattern.sub(instead, text)
        return text if len(text) <= longest else f"{text[:longest]}…"


def log_to(level: str, secrets: Iterable[str] = (), stream: IO[str] | None = None) -> logging.Handler:
    """Write the logs of this program and of its server to ``stream``, standard error by default, from a level on.

    Returns the handler; BadInput for a level that is none. ``secrets``: never written, wherever they turn up.
    """
    if level not in LEVELS:
        raise BadInput(f"a log level is one of {', '.join(LEVELS)}, not {level!r}")
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonLines(secrets))
    for name, least in (("semsam", level.upper()), ("uvicorn.error", "WARNING"), ("asyncio", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(least)
    return handler
