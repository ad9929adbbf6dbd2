"""The address of a request's client, found without the web framework's own rule.

Sanic's PROXIES_COUNT trusts the header of clients that connect directly, does not check that it holds
an address, and uses the proxy's address for all clients when the header is short.
"""

from domain.security.addresses import Address, Network, address_key
from domain.security.addresses import client_address as behind
from server.context import CasaRequest

UNIX_SOCKET = "127.0.0.1"
"""The address assumed for a proxy on the same machine that connects through a Unix socket."""


def client_address(request: CasaRequest) -> Address:
    forwarded_for = request.headers.getall("x-forwarded-for", [])
    peer = request.ip if request.ip and request.ip != "unix" else UNIX_SOCKET
    return behind(peer, forwarded_for, request.app.ctx.settings.trusted_proxies)


def client_network(request: CasaRequest) -> Network:
    """Return the network that counts as one client: an IPv4 address or an IPv6 /64."""
    return address_key(client_address(request))
