"""The rate limit on searches from one client network, checked before the request is read."""

from server.addresses import client_network
from server.context import CasaRequest


async def limit_searches(request: CasaRequest) -> None:
    """Count one search; raises TooManyRequests over the limit."""
    request.app.ctx.search_limits.take_token(client_network(request))
