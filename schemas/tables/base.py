"""What all tables share: typed columns, constraint names for Alembic, and small column helpers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]
BigInt = Annotated[int, mapped_column(BigInteger)]
Rupees = Annotated[int, mapped_column(BigInteger)]
"""Whole rupees, never a float; per month for a rent."""

IdentityKey = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
UuidKey = Annotated[UUID, mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))]
"""Time-ordered, so new rows go to the right edge of the index and keyset paging follows creation order."""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's own name and form
        str: Text,
        datetime: DateTime(timezone=True),
        Json: JSONB,
    }


class Timestamps:
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=100)
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=101)


def one_of(column: str, vocabulary: type[StrEnum]) -> CheckConstraint:
    """Restrict a text column to a closed vocabulary; a check is easier to change than an enum type."""
    values = ", ".join(f"'{value}'" for value in vocabulary)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def between(column: str, low: float, high: float) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


def words_of(expression: str) -> str:
    """Return SQL for the words of a text, split like domain/texts/words.py, for prefix search.

    Uses Unicode lower case regardless of the server's locale. Splits at blanks and ASCII punctuation, because
    Postgres and Python disagree on the letter class of vowel signs.
    """
    return (
        f"array_to_tsvector(array_remove(regexp_split_to_array(lower(({expression}) COLLATE pg_c_utf8),"
        r" '[\s!-/:-@[-`{-~]+'), ''))"
    )


def by_words(table: str) -> Index:
    """Index the `search` column, without a pending list, which every search would have to scan."""
    name = f"ix_{table}_search"
    return Index(name, "search", postgresql_using="gin", postgresql_with={"fastupdate": "off"})


def at_least(column: str, low: int) -> CheckConstraint:
    return CheckConstraint(f"{column} >= {low}", name=column)
