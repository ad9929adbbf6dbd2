"""Accounts as used by their owners: login, tokens, logout, password."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.security.tokens import Claims
from schemas.api.accounts import UserView
from schemas.errors import NotFound, Unauthorized
from schemas.tables import RevokedToken, User
from schemas.vocabulary import Role
from services.audit import Actor, record

USER_COLUMNS = (
    User.id, User.email, User.full_name, User.role, User.is_active, User.must_change_password,
    User.last_login_at, User.created_at,
)  # fmt: skip


@dataclass(frozen=True)
class Credentials:
    """What a login is checked against."""

    id: UUID
    hashed_password: str


@dataclass(frozen=True)
class Principal:
    """The signed-in account behind a request."""

    id: UUID
    email: str
    full_name: str
    role: Role
    must_change_password: bool
    claims: Claims


async def find_principal(connection: AsyncConnection, claims: Claims) -> Principal | None:
    """Return the active account of a token's claims; None if the token is outdated or revoked."""
    revoked = exists().where(RevokedToken.token_id == claims.token_id)
    query = select(User.id, User.email, User.full_name, User.role, User.must_change_password).where(
        User.id == claims.user_id,
        User.token_version == claims.token_version,
        User.is_active,
        ~revoked,
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Principal(row.id, row.email, row.full_name, Role(row.role), row.must_change_password, claims)


async def find_credentials(session: AsyncSession, email: str) -> Credentials | None:
    """Return the credentials of the active account with this normalized address; None if there is none."""
    query = select(User.id, User.hashed_password).where(func.lower(User.email) == email, User.is_active)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else Credentials(*row)


async def begin_session(
    session: AsyncSession, seen: Credentials, rehashed: str | None
) -> tuple[UserView, int]:
    """Record a login; return the account and its token version.

    Raises:
        Unauthorized: the account was deactivated, or its password changed, since it was read.
    """
    values = {"last_login_at": func.now()} | ({} if rehashed is None else {"hashed_password": rehashed})
    noted = (
        update(User)
        .where(User.id == seen.id, User.is_active, User.hashed_password == seen.hashed_password)
        .values(values)
        .returning(*USER_COLUMNS, User.token_version)
    )
    row = (await session.execute(noted)).one_or_none()
    if row is None:
        raise Unauthorized("The email address or the password is wrong.")
    return user_view(row), row.token_version


async def end_session(session: AsyncSession, claims: Claims) -> None:
    """Revoke a token until it would have expired; delete revocations of tokens that have expired."""
    await session.execute(delete(RevokedToken).where(RevokedToken.expires_at < func.now()))
    gone = {"token_id": claims.token_id, "user_id": claims.user_id, "expires_at": claims.expires_at}
    await session.execute(insert(RevokedToken).values(gone).on_conflict_do_nothing())


async def read_account(session: AsyncSession, user_id: UUID) -> UserView:
    row = (await session.execute(select(*USER_COLUMNS).where(User.id == user_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return user_view(row)


async def read_hash(session: AsyncSession, user_id: UUID) -> str:
    return (await session.scalars(select(User.hashed_password).where(User.id == user_id))).one()


async def set_password(
    session: AsyncSession, actor: Actor, user_id: UUID, expected_hash: str, hashed: str
) -> None:
    """Replace the password with the hash `expected_hash`, and end all sessions.

    Raises:
        Unauthorized: the password was replaced in between.
    """
    replaced = (
        update(User)
        .where(User.id == user_id, User.hashed_password == expected_hash)
        .values(
            hashed_password=hashed,
            must_change_password=False,
            token_version=User.token_version + 1,
            updated_at=func.now(),
        )
        .returning(User.id)
    )
    if (await session.execute(replaced)).one_or_none() is None:
        raise Unauthorized
    changes = {"hashed_password": ("old", "new")}
    await record(session, actor, "change_password", entity_type="user", entity_id=user_id, changes=changes)


def user_view(row: Row[*tuple[Any, ...]]) -> UserView:
    """Convert a row of `USER_COLUMNS`."""
    return UserView(
        id=row.id,
        email=row.email,
        full_name=row.full_name,
        role=Role(row.role),
        is_active=row.is_active,
        must_change_password=row.must_change_password,
        last_login_at=row.last_login_at,
        created_at=row.created_at,
    )
