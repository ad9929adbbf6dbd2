"""The address of a request's client, by our own rule and not by the web framework's.

Sanic's PROXIES_COUNT believes the header of whoever connects directly, does not check that it holds
an address, and takes the proxy's own for everybody's when the header is short.
"""

from domain.addresses import Address, Network, address_key
from domain.addresses import client_address as behind
from server.context import CasaRequest

UNIX_SOCKET = "127.0.0.1"
"""What a proxy on the same machine is called that connects without an address."""


def client_address(request: CasaRequest) -> Address:
    forwarded_for = request.headers.getall("x-forwarded-for", [])
    peer = request.ip if request.ip and request.ip != "unix" else UNIX_SOCKET
    return behind(peer, forwarded_for, request.app.ctx.settings.trusted_proxies)


def client_network(request: CasaRequest) -> Network:
    """What counts as one client: an address of IPv4, or a /64 of IPv6."""
    return address_key(client_address(request))
