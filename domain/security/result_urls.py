"""Which URLs results may be fetched from, so that a fetch never reaches the internal network."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

LONGEST_URL = 2048
# Excludes characters that parsers disagree on: only printable ASCII without quotes, brackets, backslash, @.
_URL = re.compile(
    r"(?P<origin>(?P<scheme>[a-z]+)://(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?)"
    r"(?P<path>/[A-Za-z0-9/._~!$&'()*+,;=:%-]*(?:\?[A-Za-z0-9/._~!$&'()*+,;=:%?-]*)?)?",
    re.ASCII,
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
_LOCAL_ORIGIN = re.compile(r"http://127\.0\.0\.1:[1-9][0-9]{0,4}", re.ASCII)

_NEVER = tuple(
    map(
        ip_network,
        (
            "100.64.0.0/10",  # carrier-grade NAT
            "192.0.0.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "198.18.0.0/15",
            "64:ff9b::/96",  # these five embed an IPv4 address, which may be internal
            "64:ff9b:1::/48",
            "2001::/32",
            "2002::/16",
            "::/96",
            "fec0::/10",
        ),
    )
)


class UrlNotAllowed(Exception):
    """Results may not be fetched from this URL; the message is the rest of a sentence about it."""


@dataclass(frozen=True)
class Origins:
    """The origins that results may be fetched from."""

    hosts: Collection[str] = ()
    """Host names in lower case; only https on port 443 is used."""
    local: str | None = None
    """`http://127.0.0.1:PORT` of a stand-in on a developer's machine; never in production."""

    def __post_init__(self) -> None:
        """Raise ValueError for an invalid host name, or a local origin that is not on this machine."""
        for host in self.hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host!r} is not the name of a host, like results.example.com")
        if self.local is not None and not _LOCAL_ORIGIN.fullmatch(self.local):
            raise ValueError(f"{self.local!r} is not of the form http://127.0.0.1:8080")


def check_result_url(url: str, origins: Origins) -> None:
    """Refuse a URL before its host is resolved.

    Raises:
        UrlNotAllowed: the URL is not https on port 443 of a host that matches an allowed one exactly.
    """
    found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None:
        raise UrlNotAllowed("is not written as a plain https address")
    if origins.local is not None and found["origin"] == origins.local:
        return
    if found["scheme"] != "https":
        raise UrlNotAllowed("does not begin with https")
    if found["port"] not in {None, "443"}:
        raise UrlNotAllowed("names a port other than 443")
    if found["host"] not in origins.hosts:
        raise UrlNotAllowed("is on a host that is not allowed")


def is_public(address: str) -> bool:
    """Return whether a resolved address is on the public internet."""
    read: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(read, IPv6Address) and read.ipv4_mapped is not None:
        read = read.ipv4_mapped
    inside = any(read in network for network in _NEVER if network.version == read.version)
    return read.is_global and not read.is_multicast and not inside
