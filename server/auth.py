"""Authentication by bearer token, checked against its account at every request.

The role and the validity of the token are read from the account, not from the token. So a deactivation,
a change of role or password, and a logout take effect with the next request.
"""

from domain.security.tokens import InvalidToken, read_token
from schemas.errors import Forbidden, PasswordChangeRequired, Unauthorized
from schemas.vocabulary import Role
from server.context import CasaRequest, Context
from services.accounts import Principal, find_principal
from services.audit import Actor


async def authenticate(request: CasaRequest) -> None:
    """Middleware of endpoints that need an account; it refuses one whose password must be changed first."""
    await authenticate_owner(request)
    if principal(request).must_change_password:
        raise PasswordChangeRequired("Change the password that you were given; nothing else is open before.")


async def authenticate_owner(request: CasaRequest) -> None:
    """Middleware of endpoints for one's own account, open even while the password must be changed."""
    request.ctx.principal = await identify(request.app.ctx, _bearer(request))


async def authenticate_super_admin(request: CasaRequest) -> None:
    """Middleware of endpoints that only a super_admin may use."""
    await authenticate(request)
    if principal(request).role is not Role.SUPER_ADMIN:
        raise Forbidden("Only a super_admin may do this.")


def principal(request: CasaRequest) -> Principal:
    found: Principal = request.ctx.principal
    return found


def actor(request: CasaRequest) -> Actor:
    """The signed-in account as it is recorded in the audit."""
    who = principal(request)
    return Actor(who.id, who.email, request.id)


async def identify(context: Context, token: str) -> Principal:
    """Return the active account of a valid token.

    Raises:
        Unauthorized: the token is invalid, outdated or revoked, or its account is not active.
    """
    try:
        claims = read_token(token, context.keys)
    except InvalidToken:
        raise Unauthorized from None
    async with context.database.connect() as connection:
        account = await find_principal(connection, claims)
    if account is None:
        raise Unauthorized
    return account


def _bearer(request: CasaRequest) -> str:
    """Return the token of the single Authorization header; tokens in the URL or in cookies are ignored."""
    given = request.headers.getall("authorization", [])
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized
    return token
