"""People who manage listings, and the tokens that they gave back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, Timestamps, UuidKey, one_of
from schemas.vocabulary import Role


class User(Timestamps, Base):
    __tablename__ = "users"
    __table_args__ = (
        one_of("role", Role),
        # One account per address, whatever its case: citext is not among the extensions we may rely on.
        Index("uq_users_email", text("lower(email)"), unique=True),
    )

    id: Mapped[UuidKey]
    email: Mapped[str]
    hashed_password: Mapped[str]
    full_name: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    token_version: Mapped[int] = mapped_column(server_default=text("0"))
    """Goes up to revoke every token that was given out before."""
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    """Somebody else knows it: it was drawn for its owner, who may do nothing else before."""
    last_login_at: Mapped[datetime | None]


class RevokedToken(Base):
    """A token that was given back by a logout, kept until it would have ended anyway."""

    __tablename__ = "revoked_tokens"
    __table_args__ = (Index("ix_revoked_tokens_expires_at", "expires_at"),)

    token_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
