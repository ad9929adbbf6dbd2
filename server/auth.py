"""Authentication by bearer token, checked against its account at every request.

The role and the validity of the token are read from the account, not from the token. So a deactivation,
a change of role or password, and a logout take effect with the next request.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select

from domain.security.tokens import Claims, InvalidToken, read_token
from schemas.errors import Forbidden, PasswordChangeRequired, Unauthorized
from schemas.tables import RevokedToken, User
from schemas.vocabulary import Role
from server.context import CasaRequest, Context
from services.audit import Actor


@dataclass(frozen=True)
class Principal:
    """The signed-in account behind a request."""

    id: UUID
    email: str
    full_name: str
    role: Role
    must_change_password: bool
    claims: Claims


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
    revoked = exists().where(RevokedToken.token_id == claims.token_id)
    query = select(User.id, User.email, User.full_name, User.role, User.must_change_password).where(
        User.id == claims.user_id,
        User.token_version == claims.token_version,
        User.is_active,
        ~revoked,
    )
    async with context.database.connect() as connection:
        account = (await connection.execute(query)).one_or_none()
    if account is None:
        raise Unauthorized
    return Principal(
        account.id, account.email, account.full_name, Role(account.role), account.must_change_password, claims
    )


def _bearer(request: CasaRequest) -> str:
    """Return the token of the single Authorization header; tokens in the URL or in cookies are ignored."""
    given = request.headers.getall("authorization", [])
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized
    return token
