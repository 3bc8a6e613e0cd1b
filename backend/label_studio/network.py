"""Where a host name leads: looked up once and checked, so that a connection goes to no other address."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.errors import TryLater

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
MAX_ADDRESSES = 8


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the whole internet; of IPv6 that carries IPv4 (as NAT64 does), the latter."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        nat64 = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
        carried = found.ipv4_mapped or found.sixtofour or nat64
        return _is_public(found if carried is None else carried)
    return _is_public(found)


def _is_public(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    odd = found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback or found.is_link_local
    return found.is_global and not odd and not getattr(found, "is_site_local", False)


async def look_up(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system prefers them; OSError when there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True)
class Network:
    """How names are looked up and which addresses are public."""

    look_up: Callable[[str, int], Awaitable[list[str]]] = look_up
    is_public: Callable[[str], bool] = is_public

    async def addresses(self, host: str, port: int, private: bool) -> list[str]:
        """Where to connect, best first. ``private``: addresses that are not public are fine.

        TryLater for a name that leads nowhere; BadInput when only one of its addresses is not public.
        """
        try:
            found = list(dict.fromkeys(await self.look_up(host, port)))[:MAX_ADDRESSES]
        except (OSError, UnicodeError) as error:
            raise TryLater(f"the host {host} cannot be found: {error}") from error
        if not found:
            raise TryLater(f"the host {host} has no address")
        if not private and not all(self.is_public(address) for address in found):
            raise BadInput(f"the host {host} leads to a private address: images of other hosts come from public ones")
        return found
