"""Which image addresses of a task are fetched, and from where: a task's data is written by strangers."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.image_hosts import is_declared, port_of

_PATHS = re.compile(
    r"/data/upload/|/data/local-files/|/storage-data/uploaded/|/(tasks|projects)/\d+/(resolve|presign)/"
)
_CLOUD = re.compile(r"(s3|gs|azure-blob)://.")
MAX_ADDRESS = 4096


@dataclass(frozen=True)
class Address:
    """``token``: goes with it. ``own``: of Label Studio itself, whose host may be private. ``signs``: Label Studio
    may answer with the signed address of a storage instead of the image."""

    url: httpx.URL
    token: str | None = None
    own: bool = False
    signs: bool = False

    @property
    def host(self) -> str:
        """Who is asked, for a message."""
        return "Label Studio" if self.own else self.url.host


def resolve(address: str, connection: Connection) -> Address:
    """The place of a path on Label Studio's host (uploads, local files, storage proxies) or on a declared image host.

    BadInput for every other host, scheme or path, and for a path that climbs up, however it is encoded.
    """
    _check_text(address)
    origin = httpx.URL(connection.origin)
    try:
        url = httpx.URL(address) if "://" in address else httpx.URL(connection.origin + address)
    except httpx.InvalidURL as error:
        raise BadInput(f"the image address is not one: {error}") from error
    if "://" not in address and not address.startswith("/"):
        raise BadInput("the image address is a path on Label Studio, beginning with /data/")
    if (url.scheme, url.host, port_of(url)) != (origin.scheme, origin.host, port_of(origin)) or url.userinfo:
        return _elsewhere(url, connection)
    path = _check_path(url, origin.path.rstrip("/"))
    return Address(url, connection.token, own=True, signs=path.startswith(("/tasks/", "/projects/")))


def signed(location: str, connection: Connection) -> Address:
    """The storage that Label Studio's resolver sends to, which must be declared; BadInput for any other place."""
    _check_text(location)
    try:
        return _elsewhere(httpx.URL(location), connection)
    except httpx.InvalidURL as error:
        raise BadInput(f"Label Studio sends for the image to what is no address: {error}") from error


def of_task(address: str, task: object) -> str:
    """An object of a cloud storage by way of Label Studio, which alone has the keys to it; any other as it is."""
    if _CLOUD.match(address) is None or not isinstance(task, int) or isinstance(task, bool) or task < 0:
        return address
    return f"/tasks/{task}/resolve/?fileuri={base64.urlsafe_b64encode(address.encode('utf-8', 'replace')).decode()}"


def data_image(address: str) -> bytes:
    """The bytes of a ``data:image/…;base64,…`` address."""
    head, comma, body = address.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadInput("a data address of an image is data:image/TYPE;base64,…")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"the image's data address is not base64: {error}") from error


def _check_text(address: str) -> None:
    if not isinstance(address, str) or not address or len(address) > MAX_ADDRESS:
        raise BadInput("the task has no image address")
    if any(ord(character) < 32 for character in address) or "\\" in address or address.startswith("//"):
        raise BadInput("the image address has characters that do not belong in one")


def _elsewhere(url: httpx.URL, connection: Connection) -> Address:
    if url.userinfo or not is_declared(url, connection.image_hosts):
        raise BadInput(
            f"images are fetched from Label Studio at {connection.origin} only, not from {url.host[:80]!r}; "
            "semsam serve takes --image-host HOST for others"
        )
    return Address(url)


def _check_path(url: httpx.URL, base: str) -> str:
    """The path below Label Studio's own, decoded."""
    plain = _decoded(url.path)
    query = _decoded(url.query.decode("ascii", "replace"))
    if not plain.startswith(base) or _PATHS.match(plain, len(base)) is None:
        raise BadInput("images are fetched from /data/upload/ and /data/local-files/ of Label Studio, or its storages")
    for text in (plain, query.replace("=", "/").replace("&", "/")):
        if ".." in text.replace("\\", "/").split("/") or "\0" in text:
            raise BadInput("the image address climbs out of its folder")
    return plain[len(base) :]


def _decoded(text: str) -> str:
    """Percent encoding taken off until nothing changes: %252e%252e is .. to whoever decodes twice."""
    for _ in range(5):
        plain = unquote(text)
        if plain == text:
            return plain
        text = plain
    raise BadInput("the image address is percent-encoded over and over")
