"""Accounts as managed by a super_admin; at least one active super_admin always remains."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.accounts import UserView
from schemas.api.admin.users import UserChange, UserCreate, UsersRequest
from schemas.api.inquiries import Colleagues, Person
from schemas.api.lists import Items
from schemas.errors import Conflict, FieldError, Forbidden, NotFound
from schemas.tables import User
from schemas.vocabulary import Role
from services.accounts import USER_COLUMNS, user_view
from services.audit import Actor, changes_between, record
from services.paging import page_of


async def create_user(
    session: AsyncSession, actor: Actor, wanted: UserCreate, hashed: str, *, drawn: bool = False
) -> UserView:
    """Add an account; a generated password (`drawn`) must be changed.

    Raises:
        Conflict: the address already has an account.
    """
    columns = {"email": wanted.email, "full_name": wanted.full_name, "role": wanted.role}
    added = (
        insert(User)
        .values(**columns, hashed_password=hashed, must_change_password=drawn)
        .returning(*USER_COLUMNS)
    )
    try:
        async with session.begin_nested():
            row = (await session.execute(added)).one()
    except IntegrityError:
        taken = FieldError("#/email", "body", "taken", "has an account already")
        raise Conflict("There is an account with this address.", (taken,)) from None
    changes = changes_between({}, {name: str(value) for name, value in columns.items()})
    await record(session, actor, "create", entity_type="user", entity_id=row.id, changes=changes)
    return user_view(row)


async def change_user(
    session: AsyncSession, actor: Actor, user_id: UUID, wanted: UserChange, hashed: str | None
) -> UserView:
    """Change an account; a changed role, activity or password ends its sessions at once.

    `hashed` is the hash of a newly generated password, which must be changed.

    Raises:
        NotFound: there is no such account.
        Forbidden: the actor would change their own role.
        Conflict: no active super_admin would remain.
    """
    before = await _locked(session, user_id)
    after = wanted.model_dump(exclude_unset=True, exclude={"reset_password"})
    if after.get("role", before["role"]) != before["role"] and user_id == actor.id:
        raise Forbidden("Nobody changes their own role.")
    if hashed is not None:
        after |= {"hashed_password": hashed, "must_change_password": True}
    changes = changes_between(before, after)
    if changes:
        await _apply(session, user_id, {name: value for name, (_, value) in changes.items()})
        await _require_super_admin(session)
        await record(session, actor, "change", entity_type="user", entity_id=user_id, changes=changes)
    return user_view((await session.execute(select(*USER_COLUMNS).where(User.id == user_id))).one())


async def _locked(session: AsyncSession, user_id: UUID) -> dict[str, Any]:
    """Return the locked account. All active super_admins are locked first, so that one always remains."""
    guarded = select(User.id).where(User.role == Role.SUPER_ADMIN, User.is_active)
    await session.execute(guarded.order_by(User.id).with_for_update())
    shown = (
        User.full_name, User.role, User.is_active, User.hashed_password, User.must_change_password,
    )  # fmt: skip
    query = select(*shown).where(User.id == user_id)
    row = (await session.execute(query.with_for_update())).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return dict(row)


async def _apply(session: AsyncSession, user_id: UUID, values: dict[str, Any]) -> None:
    ends_sessions = values.keys() & {"role", "is_active", "hashed_password"}
    version = {"token_version": User.token_version + 1} if ends_sessions else {}
    await session.execute(
        update(User).where(User.id == user_id).values(**values, **version, updated_at=func.now())
    )


async def _require_super_admin(session: AsyncSession) -> None:
    left = select(func.count()).where(User.role == Role.SUPER_ADMIN, User.is_active)
    if not await session.scalar(left):
        raise Conflict("The last active super_admin has to stay one.")


async def list_colleagues(session: AsyncSession) -> Colleagues:
    """List the active accounts, to which leads can be assigned."""
    active = select(User.id, User.full_name).where(User.is_active)
    rows = await session.execute(active.order_by(func.lower(User.full_name), User.id))
    return Colleagues(items=[Person(id=user_id, full_name=name) for user_id, name in rows])


async def list_users(session: AsyncSession, wanted: UsersRequest) -> Items[UserView]:
    """List accounts in the order of their addresses."""
    matching = _matching(select(*USER_COLUMNS), wanted).order_by(func.lower(User.email))
    return await page_of(session, matching, wanted, user_view)


def _matching(query: Select[*tuple[Any, ...]], wanted: UsersRequest) -> Select[*tuple[Any, ...]]:
    if wanted.role is not None:
        query = query.where(User.role == wanted.role)
    if wanted.is_active is not None:
        query = query.where(User.is_active == wanted.is_active)
    if wanted.q:
        part = User.email.icontains(wanted.q, autoescape=True)
        query = query.where(or_(part, User.full_name.icontains(wanted.q, autoescape=True)))
    return query
