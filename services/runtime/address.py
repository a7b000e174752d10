"""Where a request of ours may go: the URL that somebody gave us, and the address it leads to.

A hostile or careless URL must not make us call our own network (server-side request
forgery). `ipaddress.is_global` is no help: it says yes to NAT64, 6to4 and multicast
addresses. So the lists are explicit: IANA's IPv4 and IPv6 special-purpose registries.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_CHARS_MAX = 2000

_IPV4_FORBIDDEN = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # This host (RFC 791).
        "10.0.0.0/8",  # Private (RFC 1918).
        "100.64.0.0/10",  # Carrier-grade NAT (RFC 6598); some clouds' metadata.
        "127.0.0.0/8",  # Loopback.
        "169.254.0.0/16",  # Link local; clouds' metadata.
        "172.16.0.0/12",  # Private.
        "192.0.0.0/24",  # IETF protocol assignments.
        "192.0.2.0/24",  # Documentation.
        "192.31.196.0/24",  # AS112.
        "192.52.193.0/24",  # AMT.
        "192.88.99.0/24",  # 6to4 relay.
        "192.168.0.0/16",  # Private.
        "192.175.48.0/24",  # AS112.
        "198.18.0.0/15",  # Benchmarking.
        "198.51.100.0/24",  # Documentation.
        "203.0.113.0/24",  # Documentation.
        "224.0.0.0/4",  # Multicast.
        "240.0.0.0/4",  # Reserved, and broadcast.
    )
)
#: Nothing else of IPv6 is global unicast: this leaves out loopback, unique local, link local,
#: multicast, NAT64 (64:ff9b::/96) and segment routing (5f00::/16) at once.
_IPV6_GLOBAL = IPv6Network("2000::/3")
_IPV6_FORBIDDEN = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments, with Teredo.
        "2001:db8::/32",  # Documentation.
        "2002::/16",  # 6to4 carries an IPv4 address.
        "2620:4f:8000::/48",  # AS112.
        "3fff::/20",  # Documentation.
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart for a request.

    Attributes:
        is_tls: `https`.
        host: Name or literal address, without brackets.
        port: TCP port.
        path: Path and query, ready for the request line.
        authority: Value of the Host header.
    """

    is_tls: bool
    host: str
    port: int
    path: str
    authority: str


def parse_url(url: str) -> Target | str:
    """Take a URL apart; a string says what is wrong with it."""
    if len(url) > URL_CHARS_MAX or any(c.isspace() or not c.isprintable() for c in url):
        return f"at most {URL_CHARS_MAX} characters, none of them a blank or control character"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        if host and not host.isascii():
            host = host.encode("idna").decode()
    except ValueError as error:
        return f"not a URL: {error}"
    if parts.scheme not in {"http", "https"} or not host:
        return "must begin with https:// (or http:// inside an allowed network) and name a host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must hold neither a user name nor a password nor a fragment"
    is_tls = parts.scheme == "https"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority += f":{port}"
    return Target(is_tls, host, port or (443 if is_tls else 80), path, authority)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far requests may go.

    Attributes:
        trusted: Networks that the operator trusts, whatever they are: also in plain text, also
            on unusual ports.
        is_plain_allowed: Whether a request to the internet may go unencrypted. Never if it
            holds a citizen's words.
        ports: Ports on the internet; None means any. What listens elsewhere is seldom meant
            for strangers.
    """

    trusted: tuple[Network, ...] = ()
    is_plain_allowed: bool = False
    ports: frozenset[int] | None = None

    def covers(self, address: Address, *, is_tls: bool, port: int) -> bool:
        """Tell whether a request may go to an address.

        Args:
            address: As the name was resolved, just before connecting.
            is_tls: Whether the request is encrypted.
            port: TCP port.
        """
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self.trusted):
            return True
        if not (is_tls or self.is_plain_allowed):
            return False
        return (self.ports is None or port in self.ports) and is_public(address)


def is_public(address: Address) -> bool:
    """Tell whether an address is an ordinary one on the internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4_FORBIDDEN)
    return address in _IPV6_GLOBAL and not any(address in n for n in _IPV6_FORBIDDEN)
