"""Which image addresses of a task are fetched, and from where: a task's data is written by strangers."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection

_PATHS = ("/data/upload/", "/data/local-files/")
MAX_ADDRESS = 4096


@dataclass(frozen=True)
class Address:
    """``url``: on Label Studio's own host. ``token``: goes with it."""

    url: httpx.URL
    token: str | None


def resolve(address: str, connection: Connection) -> Address:
    """The place of ``/data/upload/…`` or ``/data/local-files/?d=…`` on Label Studio's host.

    BadInput for every other host, scheme or path, and for a path that climbs up, however it is encoded.
    """
    if not isinstance(address, str) or not address or len(address) > MAX_ADDRESS:
        raise BadInput("the task has no image address")
    if any(ord(character) < 32 for character in address) or "\\" in address or address.startswith("//"):
        raise BadInput("the image address has characters that do not belong in one")
    origin = httpx.URL(connection.origin)
    try:
        url = httpx.URL(address) if "://" in address else httpx.URL(connection.origin + address)
    except httpx.InvalidURL as error:
        raise BadInput(f"the image address is not one: {error}") from error
    if "://" not in address and not address.startswith("/"):
        raise BadInput("the image address is a path on Label Studio, beginning with /data/")
    if (url.scheme, url.host, _port(url)) != (origin.scheme, origin.host, _port(origin)) or url.userinfo:
        raise BadInput(
            f"images are fetched from Label Studio at {connection.origin} only, not from {url.host or address[:80]!r}"
        )
    _check_path(url, origin.path.rstrip("/"))
    return Address(url, connection.token)


def data_image(address: str) -> bytes:
    """The bytes of a ``data:image/…;base64,…`` address."""
    head, comma, body = address.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadInput("a data address of an image is data:image/TYPE;base64,…")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"the image's data address is not base64: {error}") from error


def _check_path(url: httpx.URL, base: str) -> None:
    plain = _decoded(url.path)
    query = _decoded(url.query.decode("ascii", "replace"))
    if not any(plain.startswith(base + prefix) for prefix in _PATHS):
        raise BadInput("images are fetched from /data/upload/ and /data/local-files/ of Label Studio only")
    for text in (plain, query.replace("=", "/").replace("&", "/")):
        if ".." in text.replace("\\", "/").split("/") or "\0" in text:
            raise BadInput("the image address climbs out of its folder")


def _decoded(text: str) -> str:
    """Percent encoding taken off until nothing changes: %252e%252e is .. to whoever decodes twice."""
    for _ in range(5):
        plain = unquote(text)
        if plain == text:
            return plain
        text = plain
    raise BadInput("the image address is percent-encoded over and over")


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
