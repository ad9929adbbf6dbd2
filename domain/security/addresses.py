"""The client's address behind trusted proxies, and the network that rate limits count by.

Any client can send X-Forwarded-For. Each proxy appends the address that it saw, so only the right end is
written by trusted proxies. The header is read from the right, past trusted addresses, up to the first address
that is not trusted.
"""

import hmac
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MOST_HOPS = 20
"""A longer list is not a chain of proxies but an attempt to waste time."""
RECENT = 4096
"""Clients whose parsed address is cached, because every request asks for it several times."""


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Iterable[Network]) -> Address:
    """Return the address of the client behind a connection from `peer`.

    Args:
        peer: the other end of the connection.
        forwarded_for: the X-Forwarded-For headers, in order.
        trusted: networks of the trusted proxies; if empty, the headers are ignored.

    An unreadable hop ends the walk at the proxy that reported it. A client behind it then shares that proxy's
    limits, and cannot pose as another client.
    """
    networks = tuple(trusted)
    believed = _parse(peer)
    hops = [hop.strip() for header in forwarded_for for hop in header.split(",")]
    for hop in reversed(hops[-MOST_HOPS:]):
        if not _within(believed, networks):
            break
        read = _read(hop)
        if read is None:
            break
        believed = read
    return believed


@lru_cache(RECENT)
def address_key(address: Address) -> Network:
    """Return the network that limits count by: one IPv4 address, or an IPv6 /64 (one client)."""
    return ip_network((plain(address), 32 if plain(address).version == 4 else 64), strict=False)


def digest_of_today(address: Network, key: bytes, now: datetime) -> str:
    """Return an irreversible pseudonym of an address, which changes at midnight (UTC)."""
    return _digest(address, key, now.date())


@lru_cache(RECENT)
def _digest(address: Network, key: bytes, day: date) -> str:
    return hmac.digest(key, f"{day} {address}".encode(), "sha256")[:16].hex()


def plain(address: Address) -> Address:
    """Convert an IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) to IPv4."""
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(RECENT)
def _parse(peer: str) -> Address:
    return plain(ip_address(peer))


def _read(hop: str) -> Address | None:
    """Parse `1.2.3.4` or `2001:db8::1`.

    Ports, brackets, zones and names are refused, because trusted proxies write none.
    """
    try:
        return None if "%" in hop else plain(ip_address(hop))
    except ValueError:
        return None


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
