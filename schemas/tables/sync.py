"""What keeps the index level with the properties: pending changes, refused documents, generations.

An outbox row is written by triggers in the transaction that changes a property, so a change
and the duty to index it commit together or not at all, whoever wrote it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, BigInt, IdentityKey, Json, at_least, one_of
from schemas.vocabulary import GenerationState

REVISIONS = Sequence("search_revisions", data_type=BigInteger, metadata=Base.metadata)
"""Of which all revisions are drawn, tombstones' too: a new one is greater than any that was ever given out,
so a property that is made again with its old id passes what its deletion has left in the index. It is
owned by no column: emptying a table does not set it back."""


class OutboxRow(Base):
    """A property to be indexed again; append-only, so that a writer never waits for a drain."""

    __tablename__ = "search_outbox"
    __table_args__ = (
        Index("ix_search_outbox_claim", text("awaited DESC"), "id"),
        Index("ix_search_outbox_property_id", "property_id"),
    )

    id: Mapped[IdentityKey]
    property_id: Mapped[UUID]
    """No foreign key: the row outlives a property that was deleted for good."""
    revision: Mapped[BigInt]
    deleted: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    """Written before its commit; good for measuring lag, useless for ordering."""
    awaited: Mapped[bool] = mapped_column(server_default=text("false"))
    """Somebody waits until it is searchable, so it goes before a bulk import: set by the triggers in a
    transaction that says `SET LOCAL casabricks.awaited = 'on'`."""


class DeadLetter(Base):
    """A document that the engine or the renderer refused; the next good revision clears it."""

    __tablename__ = "search_dead_letters"
    __table_args__ = (at_least("attempts", 1),)

    property_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[BigInt]
    error_type: Mapped[str]
    reason: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(server_default=text("1"))


class IndexGeneration(Base):
    """One index behind the alias, from its creation to its end."""

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
    """How far the fill has come, so that a killed one can go on."""
    counts: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    heartbeat: Mapped[datetime] = mapped_column(server_default=text("now()"))
    live_at: Mapped[datetime | None]
    retained_at: Mapped[datetime | None]
    error: Mapped[str | None]
