"""Published checkpoints from their project's release page: resumed, held to the checksum of the first download."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.published_files import FILES

RELEASE = "https://github.com/UX-Decoder/Semantic-SAM/releases/download/checkpoint"
PINS = "checksums.json"

Progress = Callable[[int, int | None], None]
"""Called with bytes there and bytes in all, None when the server does not say."""


@dataclass(frozen=True)
class Download:
    """A file that is there, its checksum, and whether that was pinned just now."""

    path: Path
    sha256: str
    first: bool


def download(
    name: str, folder: Path, release: str = RELEASE, progress: Progress = lambda done, total: None
) -> Download:
    """Fetch the checkpoint of "swin-t" or "swin-l" into ``folder``, going on where an earlier call broke off.

    Raises BadInput when the server does not have it, when the connection breaks (what came is kept), and when the
    contents are not those of the first download (nothing is kept).
    """
    if name not in FILES:
        raise BadInput(f"there is no published checkpoint {name!r}, known are {', '.join(FILES)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILES[name]
    if path.is_file():
        return _held(path, path)
    partial = path.with_name(f"{path.name}.part")
    try:
        _fetch(f"{release}/{path.name}", partial, progress)
    except httpx.HTTPError as error:
        there = partial.stat().st_size if partial.exists() else 0
        raise BadInput(f"the download broke off after {there:,} bytes, call it again to go on: {error}") from error
    found = _held(partial, path)
    os.replace(partial, path)
    _mark(partial).unlink(missing_ok=True)
    return found


def _fetch(url: str, partial: Path, progress: Progress) -> None:
    """Append to ``partial`` what it lacks; from the start when the server's file is another one by now."""
    start = partial.stat().st_size if partial.exists() and _mark(partial).exists() else 0
    asked = {"Range": f"bytes={start}-", "If-Range": _mark(partial).read_text()} if start else {}
    with httpx.stream(
        "GET", url, headers={"Accept-Encoding": "identity", **asked}, follow_redirects=True, timeout=30
    ) as answer:
        if answer.url.scheme != httpx.URL(url).scheme:
            raise BadInput(f"{url} leads to {answer.url.scheme}://, which was not followed")
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there
        if answer.is_error:
            raise BadInput(f"{url} answers {answer.status_code} {answer.reason_phrase}")
        start = start if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0
        _mark(partial).write_text(answer.headers.get("ETag", ""))
        _append(answer, partial, start, progress)


def _append(answer: httpx.Response, partial: Path, start: int, progress: Progress) -> None:
    length = answer.headers.get("Content-Length")
    total = start + int(length) if length else None
    with partial.open("ab" if start else "wb") as file:
        for chunk in answer.iter_raw():
            file.write(chunk)
            progress(file.tell(), total)


def _mark(partial: Path) -> Path:
    """Beside a partial file: the server's tag of the version that it is a part of."""
    return partial.with_name(f"{partial.name}.etag")


def _held(file: Path, path: Path) -> Download:
    """Compare with the checksum pinned for ``path``, or pin it."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    pins_file = path.with_name(PINS)
    pins = _pins(pins_file)
    pinned = pins.get(path.name)
    if pinned is not None and pinned != digest:
        file.unlink()
        raise BadInput(f"{path.name} has the checksum {digest}, the first download had {pinned}; it was deleted")
    if pinned is None:
        partial = pins_file.with_name(f"{PINS}.{os.getpid()}.part")
        partial.write_text(json.dumps({**pins, path.name: digest}, indent=1), encoding="utf-8")
        os.replace(partial, pins_file)
    return Download(path, digest, pinned is None)


def _pins(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
    except (ValueError, TypeError) as error:
        raise BadInput(f"{file} is damaged: delete it, and the next download is pinned anew") from error
