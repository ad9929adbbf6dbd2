"""The admin account that `make up` creates and prints."""

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.passwords import hash_password
from schemas.tables import User
from schemas.vocabulary import Role

EMAIL = "admin@casabricks.example"


async def ensure_admin(engine: AsyncEngine, password: str) -> None:
    """Create the admin or reset its password, role and active flag, so that the printed password works."""
    account = {
        "hashed_password": hash_password(password),
        "role": Role.SUPER_ADMIN,
        "is_active": True,
    }
    added = insert(User).values(email=EMAIL, full_name="Administrator", **account)
    async with engine.begin() as connection:
        await connection.execute(
            added.on_conflict_do_update(index_elements=[text("lower(email)")], set_=account)
        )
