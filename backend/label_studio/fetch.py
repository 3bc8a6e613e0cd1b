"""Fetching an image from Label Studio: its token, no redirect to another host, never more bytes than allowed."""

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.image_address import Address, data_image, resolve
from semsam_annotate.backend.label_studio.tokens import token_kind

_SECONDS = 30.0


async def fetch_image(address: str, connection: Connection, max_bytes: int) -> bytes:
    """The bytes behind a task's image address; BadInput, naming the address's path, when they cannot be had."""
    if isinstance(address, str) and address.startswith("data:"):
        body = data_image(address)
        if len(body) > max_bytes:
            raise BadInput(f"the image is larger than {max_bytes / 1e6:.0f} MB")
        return body
    place = resolve(address, connection)
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=False) as client:
            return await _download(client, place, connection, max_bytes)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise TryLater(f"Label Studio at {connection.origin} cannot be reached for an image: {reason}") from error


async def _download(client: httpx.AsyncClient, place: Address, connection: Connection, max_bytes: int) -> bytes:
    headers = await _authorization(client, place.token, connection.origin)
    async with client.stream("GET", place.url, headers=headers) as answer:
        if answer.is_redirect:
            raise BadInput(f"Label Studio redirects the image {place.url.path} elsewhere: that is not followed")
        if answer.status_code in (401, 403):
            raise TryLater(f"Label Studio refuses its token for the image {place.url.path}")
        if answer.status_code >= 500:
            raise TryLater(f"Label Studio answers {answer.status_code} for the image {place.url.path}")
        if not answer.is_success:
            raise BadInput(f"Label Studio answers {answer.status_code} for the image {place.url.path}")
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise BadInput(f"the image {place.url.path} is larger than {max_bytes / 1e6:.0f} MB")
        return bytes(body)


async def _authorization(client: httpx.AsyncClient, token: str | None, origin: str) -> dict[str, str]:
    """A legacy token as it is; a personal access token, which is a refresh JWT, exchanged for an access token."""
    if not token:
        return {}
    kind = token_kind(token)
    if kind == "legacy":
        return {"Authorization": f"Token {token}"}
    if kind == "access":
        return {"Authorization": f"Bearer {token}"}
    answer = await client.post(f"{origin}/api/token/refresh/", json={"refresh": token})
    try:
        return {"Authorization": f"Bearer {answer.raise_for_status().json()['access']}"}
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        raise TryLater("Label Studio does not exchange the personal access token: make a new one") from error
