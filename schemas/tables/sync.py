"""Tables that keep the index up to date with the properties: outbox, dead letters, generations.

Triggers write an outbox row in the transaction that changes a property. The change and its indexing task
therefore commit together or not at all, whichever process wrote the change.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, BigInt, IdentityKey, Json, at_least, one_of
from schemas.vocabulary import GenerationState

REVISIONS = Sequence("search_revisions", data_type=BigInteger, metadata=Base.metadata)
"""Source of all revisions, including those of tombstones. A new revision is greater than any earlier one, so
a property that is recreated with its old id supersedes what its deletion left in the index. No column owns
the sequence, so emptying a table does not reset it."""


class OutboxRow(Base):
    """A property to be indexed; append-only, so that a writer never waits for a drain."""

    __tablename__ = "search_outbox"
    __table_args__ = (
        Index("ix_search_outbox_claim", text("awaited DESC"), "id"),
        Index("ix_search_outbox_property_id", "property_id"),
    )

    id: Mapped[IdentityKey]
    property_id: Mapped[UUID]
    """No foreign key, because the row outlives a property that is deleted permanently."""
    revision: Mapped[BigInt]
    deleted: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    """Set before the commit: suitable for measuring lag, not for ordering."""
    awaited: Mapped[bool] = mapped_column(server_default=text("false"))
    """A caller waits until the change is searchable, so it is indexed before bulk imports. Triggers set it in
    a transaction that runs `SET LOCAL casabricks.awaited = 'on'`."""


class DeadLetter(Base):
    """A document that the engine or the renderer refused; the next accepted revision removes it."""

    __tablename__ = "search_dead_letters"
    __table_args__ = (at_least("attempts", 1),)

    property_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[BigInt]
    error_type: Mapped[str]
    reason: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(server_default=text("1"))


class IndexGeneration(Base):
    """One index behind the alias, with its life cycle."""

    __tablename__ = "index_generations"
    __table_args__ = (
        one_of("state", GenerationState),
        Index("uq_index_generations_live", "alias", unique=True, postgresql_where=text("state = 'live'")),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str]
    schema_hash: Mapped[str]
    state: Mapped[str]
    cursor: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    """Progress of the fill, so that an interrupted one can resume."""
    counts: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    heartbeat: Mapped[datetime] = mapped_column(server_default=text("now()"))
    live_at: Mapped[datetime | None]
    retained_at: Mapped[datetime | None]
    error: Mapped[str | None]
