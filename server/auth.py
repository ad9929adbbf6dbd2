"""Who is asking: a bearer token, held against its account anew at every request.

The account says the role and whether the token still counts, not the token: so a deactivation, a
change of role or password, and a logout take effect with the next request.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select

from domain.tokens import Claims, InvalidToken, read_token
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
    """Middleware of everything that needs an account."""
    await authenticate_owner(request)
    if principal(request).must_change_password:
        raise PasswordChangeRequired("Change the password that you were given; nothing else is open before.")


async def authenticate_owner(request: CasaRequest) -> None:
    """Middleware of what everybody may do with their own account, with a password to be changed too."""
    request.ctx.principal = await identify(request.app.ctx, _bearer(request))


async def authenticate_super_admin(request: CasaRequest) -> None:
    """Middleware of what only a super_admin may do."""
    await authenticate(request)
    if principal(request).role is not Role.SUPER_ADMIN:
        raise Forbidden("Only a super_admin may do this.")


def principal(request: CasaRequest) -> Principal:
    found: Principal = request.ctx.principal
    return found


def actor(request: CasaRequest) -> Actor:
    """The signed-in account as the audit knows it."""
    who = principal(request)
    return Actor(who.id, who.email, request.id)


async def identify(context: Context, token: str) -> Principal:
    """The active account of a token that nobody has revoked; Unauthorized for any other."""
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
    """The token of the one Authorization header; a token in a link or a cookie is none."""
    given = request.headers.getall("authorization", [])
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized
    return token
