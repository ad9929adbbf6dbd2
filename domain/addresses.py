"""Whose request it is when proxies stand between, and what limits count by.

Anybody can send X-Forwarded-For. Each proxy appends the address that it saw, so only the right end is
written by our own proxies: the header is read from there, past addresses that are trusted, up to the
first that is not.
"""

import hmac
from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MOST_HOPS = 20
"""More is no chain of proxies but an attempt to keep us busy."""


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Iterable[Network]) -> Address:
    """The address behind a connection from `peer`.

    Args:
        peer: the other end of the connection.
        forwarded_for: the X-Forwarded-For headers, in their order.
        trusted: networks of our own proxies; without any, nothing but the peer is believed.

    What cannot be read ends the walk at the proxy that vouched for it: a client behind it shares
    that proxy's limits, and nobody can be made to look like somebody else.
    """
    networks = tuple(trusted)
    believed = plain(ip_address(peer))
    hops = [hop.strip() for header in forwarded_for for hop in header.split(",")]
    for hop in reversed(hops[-MOST_HOPS:]):
        if not _within(believed, networks):
            break
        read = _read(hop)
        if read is None:
            break
        believed = read
    return believed


def address_key(address: Address) -> Network:
    """What limits count by: one IPv4 address, or a whole /64, which is what a single client is given."""
    return ip_network((plain(address), 32 if plain(address).version == 4 else 64), strict=False)


def digest_of_today(address: Network, key: bytes, now: datetime) -> str:
    """What an address is called where only its sameness counts: until midnight (UTC), and without itself."""
    told = f"{now:%Y-%m-%d} {address}".encode()
    return hmac.digest(key, told, "sha256")[:16].hex()


def plain(address: Address) -> Address:
    """An IPv4 address in IPv6's clothes (`::ffff:1.2.3.4`) as what it is."""
    return getattr(address, "ipv4_mapped", None) or address


def _read(hop: str) -> Address | None:
    """`1.2.3.4` and `2001:db8::1`; no ports, no brackets, no zones, no names: our proxies write none."""
    try:
        return None if "%" in hop else plain(ip_address(hop))
    except ValueError:
        return None


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
