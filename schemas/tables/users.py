"""Accounts that manage listings, and their revoked tokens."""

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
        # One account per address, ignoring case. citext is not among the extensions that may be used.
        Index("uq_users_email", text("lower(email)"), unique=True),
    )

    id: Mapped[UuidKey]
    email: Mapped[str]
    hashed_password: Mapped[str]
    full_name: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    token_version: Mapped[int] = mapped_column(server_default=text("0"))
    """Incremented to revoke all tokens issued before."""
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    """The password was generated for the user and someone else knows it. The user must change it first."""
    last_login_at: Mapped[datetime | None]


class RevokedToken(Base):
    """A token revoked by a logout, kept until its normal expiry."""

    __tablename__ = "revoked_tokens"
    __table_args__ = (Index("ix_revoked_tokens_expires_at", "expires_at"),)

    token_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
