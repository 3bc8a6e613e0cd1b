"""Hosts beside Label Studio that images may come from: the operator names each."""

import ipaddress
from collections.abc import Iterable

import httpx

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.network import is_public


def image_hosts(given: Iterable[str]) -> tuple[str, ...]:
    """Names as they are compared, HOST or HOST:PORT; BadInput for one that is no host or is a private address."""
    return tuple(sorted({_image_host(text) for text in given}))


def is_declared(url: httpx.URL, hosts: tuple[str, ...]) -> bool:
    """Whether an address is http or https at a declared host: at the usual port, or at the one that was declared."""
    name = url.host if url.port is None else f"{url.host}:{url.port}"  # httpx leaves out the scheme's own port
    named = name in hosts or f"{url.host}:{port_of(url)}" in hosts
    return named and bool(url.host) and url.scheme in ("http", "https")


def port_of(url: httpx.URL) -> int:
    """The port that an address means."""
    return url.port or (443 if url.scheme == "https" else 80)


def _image_host(text: str) -> str:
    try:
        url = httpx.URL(f"x://{text.strip()}")
    except httpx.InvalidURL as error:
        raise BadInput(f"--image-host takes HOST or HOST:PORT, not {text!r}") from error
    if not url.host or url.userinfo or url.path not in ("", "/") or url.query or url.fragment or "*" in text:
        raise BadInput(f"--image-host takes HOST or HOST:PORT, not {text!r}")
    if _is_address(url.host) and not is_public(url.host):
        raise BadInput(f"--image-host {text} is a private address: only Label Studio itself may have one")
    return url.host if url.port is None else f"{url.host}:{url.port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
