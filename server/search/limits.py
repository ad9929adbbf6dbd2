"""The limit on searches of one address, before anything of a request is read."""

from server.addresses import client_network
from server.context import CasaRequest


async def limit_searches(request: CasaRequest) -> None:
    """Raises TooManyRequests."""
    request.app.ctx.search_limits.take(client_network(request))
