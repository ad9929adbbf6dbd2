"""The limit on searches of one address, before anything of a request is read."""

from domain.addresses import address_key
from server.addresses import client_address
from server.context import CasaRequest


async def limit_searches(request: CasaRequest) -> None:
    """Raises TooManyRequests."""
    request.app.ctx.search_limits.take(address_key(client_address(request)))
