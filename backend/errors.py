"""Every error as one JSON line, ``{"error": …}``, with the status that says what the caller can do."""

import errno
import logging
import sqlite3

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from semsam_annotate.api import BadInput, Cancelled, SemsamError, StaleEmbedding

log = logging.getLogger("semsam.backend")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


class RequestRefused(SemsamError):
    """A request that is answered with ``status`` and one line; ``retry_after``: seconds until another try."""

    def __init__(self, status: int, line: str, retry_after: int | None = None) -> None:
        super().__init__(line)
        self.status, self.retry_after = status, retry_after


def error_answer(status: int, line: str, retry_after: int | None = None) -> JSONResponse:
    """The answer for an error: one line, whatever the message was."""
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse({"error": " ".join(line.split())[:1000]}, status_code=status, headers=headers)


def status_of(error: Exception) -> int:
    """400 bad input, 410 stale embedding, 499 cancelled, 503 not available, or what the error itself says."""
    if isinstance(error, RequestRefused):
        return error.status
    if isinstance(error, StaleEmbedding):
        return 410
    if isinstance(error, Cancelled):
        return 499  # nginx's "client closed request"; HTTP itself has no number for it
    return 400 if isinstance(error, BadInput) else 503


def install_error_handlers(app: FastAPI) -> None:
    """Answer the errors of every route of ``app`` in one shape."""
    app.add_exception_handler(SemsamError, _foreseen)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(sqlite3.Error, _disk)
    app.add_exception_handler(OSError, _disk)
    app.add_exception_handler(Exception, _unforeseen)


async def _foreseen(_: Request, error: Exception) -> JSONResponse:
    return error_answer(status_of(error), str(error), getattr(error, "retry_after", None))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    parts = [f"{'.'.join(str(step) for step in item['loc'])}: {item['msg']}" for item in error.errors()[:3]]
    return error_answer(400, "; ".join(parts))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, (HTTPException, StarletteHTTPException))
    return error_answer(error.status_code, str(error.detail))


async def _gone(_: Request, error: Exception) -> JSONResponse:
    return error_answer(400, "the connection closed before the whole body had come")


async def _disk(request: Request, error: Exception) -> JSONResponse:
    refused = disk_refusal(error)
    if refused is None:
        return await _unforeseen(request, error)
    log.warning("nothing was kept: %s (%s)", refused, error)
    return await _foreseen(request, refused)


def disk_refusal(error: Exception) -> RequestRefused | None:
    """What the disk does not take is sent again later: 507, or 503 for a file that is busy or damaged."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or getattr(error, "errno", None) in _NO_ROOM:
        return RequestRefused(507, "the server's disk is full or failing, nothing was kept: send it again later", 60)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return RequestRefused(503, "the server cannot write its files now, nothing was kept: send it again later", 60)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return RequestRefused(503, "a file of the server is damaged, nothing was kept: its log says which", 600)
    return None


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    log.error("unforeseen error", exc_info=error)
    return error_answer(500, f"the server failed ({type(error).__name__}); its log has the details")
