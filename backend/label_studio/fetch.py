"""Fetching an image: from checked addresses, Label Studio's token to its host only, bounded in time and bytes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.image_address import Address, data_image, resolve, signed
from semsam_annotate.backend.label_studio.image_hosts import port_of
from semsam_annotate.backend.label_studio.network import Network
from semsam_annotate.backend.label_studio.tokens import token_kind

SECONDS = 60.0
"""For the whole of a fetch, from the look-up to the last byte, however slowly they drip."""
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_MAX_TOKEN_BYTES = 100_000
_SYSTEM = Network()


async def fetch_image(
    address: str, connection: Connection, max_bytes: int, seconds: float = SECONDS, network: Network = _SYSTEM
) -> bytes:
    """The bytes behind a task's image address; BadInput, naming the address's path, when they cannot be had."""
    if isinstance(address, str) and address.startswith("data:"):
        return _within(data_image(address), max_bytes)
    place = resolve(address, connection)
    try:
        async with asyncio.timeout(seconds):
            return await _fetch(place, connection, max_bytes, network)
    except TimeoutError as error:
        raise TryLater(f"{place.host} takes more than {seconds:.0f} s for the image {place.url.path}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        where = f"Label Studio at {connection.origin}" if place.own else place.host
        raise TryLater(f"{where} cannot be reached for an image: {str(error) or type(error).__name__}") from error


def _within(body: bytes, max_bytes: int) -> bytes:
    if len(body) > max_bytes:
        raise BadInput(f"the image is larger than {max_bytes / 1e6:.0f} MB")
    return body


async def _fetch(place: Address, connection: Connection, max_bytes: int, network: Network) -> bytes:
    """No redirect is followed, but where Label Studio signs addresses of a storage, a declared one is asked."""
    headers = await _authorization(place, connection.origin, network)
    async with _answer("GET", place, headers, network) as answer:
        if not (place.signs and answer.is_redirect):
            _check(answer, place)
            return await _read(answer, place, max_bytes)
        storage = signed(answer.headers.get("Location", ""), connection)
    return await _fetch(storage, connection, max_bytes, network)


@asynccontextmanager
async def _answer(
    method: str, place: Address, headers: dict[str, str], network: Network, body: dict[str, str] | None = None
) -> AsyncIterator[httpx.Response]:
    """The answer of the first address of the host that can be reached, its body not read yet.

    The name is looked up once and the connection goes to what was checked, so a name server cannot answer otherwise in
    between; host header and TLS keep the name. No cookie outlives it.
    """
    url = place.url
    addresses = await network.addresses(url.raw_host.decode("ascii"), port_of(url), private=place.own)
    sent = {**headers, "Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, verify=_tls()) as client:
        for left, address in enumerate(addresses, 1 - len(addresses)):
            request = client.build_request(
                method, url.copy_with(host=address), headers=sent, json=body,
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )  # fmt: skip
            try:
                answer = await client.send(request, stream=True)
                break
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if left == 0:
                    raise
        try:
            yield answer
        finally:
            await answer.aclose()


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading all certificates takes longer than a fetch."""
    return httpx.create_ssl_context(trust_env=False)


def _check(answer: httpx.Response, place: Address) -> None:
    """TryLater or BadInput unless the image follows, as it is."""
    if answer.is_redirect:
        raise BadInput(f"{place.host} redirects the image {place.url.path} elsewhere: that is not followed")
    if answer.status_code in (401, 403) and place.own:
        raise TryLater(f"Label Studio refuses its token for the image {place.url.path}")
    if not answer.is_success:
        kind = TryLater if answer.status_code >= 500 else BadInput
        raise kind(f"{place.host} answers {answer.status_code} for the image {place.url.path}")


async def _read(answer: httpx.Response, place: Address, max_bytes: int) -> bytes:
    """The body as it came; BadInput for a compressed one, and for one too long as soon as that is known."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BadInput(f"{place.host} sends the image {place.url.path} compressed, though it was asked not to")
    declared = answer.headers.get("Content-Length", "")
    body = bytearray()
    if not (declared.isdecimal() and int(declared[:20]) > max_bytes):
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > max_bytes:
                break
        else:
            return bytes(body)
    raise BadInput(f"the image {place.url.path} is larger than {max_bytes / 1e6:.0f} MB")


async def _authorization(place: Address, origin: str, network: Network) -> dict[str, str]:
    """A legacy token as it is; a personal access token, which is a refresh JWT, exchanged for an access token."""
    token = place.token
    if not token:
        return {}
    kind = token_kind(token)
    if kind == "legacy":
        return {"Authorization": f"Token {token}"}
    if kind == "access":
        return {"Authorization": f"Bearer {token}"}
    exchange = Address(httpx.URL(f"{origin}/api/token/refresh/"), own=True)
    async with _answer("POST", exchange, {}, network, {"refresh": token}) as answer:
        try:
            answer.raise_for_status()
            return {"Authorization": f"Bearer {json.loads(await _read(answer, exchange, _MAX_TOKEN_BYTES))['access']}"}
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
            raise TryLater("Label Studio does not exchange the personal access token: make a new one") from error
