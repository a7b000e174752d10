"""Resolve a name and refuse what it must not lead to, right before connecting.

Checking first and letting the client resolve again would leave a hole: a name may answer
with a public address first and with ours a moment later (DNS rebinding). So the connection
is made to exactly the addresses that were checked.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from services.runtime.address import Reach
from services.runtime.errors import MisconfiguredError

if TYPE_CHECKING:
    from services.runtime.address import Network, Target


class ForbiddenAddressError(Exception):
    """The name leads to an address that must not be called."""


#: For addresses that an operator configured, not a stranger.
EVERYWHERE = Reach((ip_network("0.0.0.0/0"), ip_network("::/0")))


def read_networks(text: str, variable: str) -> tuple[Network, ...]:
    """Read networks in CIDR notation, separated by commas or blanks.

    Args:
        text: The setting's value.
        variable: Its name, for the message.

    Raises:
        MisconfiguredError: One of them isn't a network.
    """
    try:
        return tuple(ip_network(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise MisconfiguredError(f"{variable}: {error}") from error


class Guard:
    """Says which addresses a target may be reached at."""

    def __init__(self, reach: Reach | None = None) -> None:
        """Let requests go so far; by default encrypted ones to the public internet."""
        self._reach = reach or Reach()

    async def addresses(self, target: Target) -> list[str]:
        """Resolve the host.

        The system's resolver also understands `2130706433`, `0x7f.1` and the like; what
        counts is the address that comes out.

        Raises:
            ForbiddenAddressError: Any of its addresses is forbidden. One bad address among
                good ones is no accident.
            OSError: The name can't be resolved.
        """
        addresses = await self.resolve(target)
        for address in addresses:
            if not self._reach.covers(ip_address(address), is_tls=target.is_tls, port=target.port):
                raise ForbiddenAddressError(f"{target.host} leads to {address}")
        return addresses

    async def resolve(self, target: Target) -> list[str]:
        """Ask the system's resolver, without judging."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(info[4][0]) for info in found))
