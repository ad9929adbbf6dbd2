"""What all tables share: typed columns, constraint names that Alembic can rely on, small column makers."""

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
"""Whole rupees; a rent is per month. Never a float."""

IdentityKey = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
UuidKey = Annotated[UUID, mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))]
"""Time-ordered, so new rows go to the right edge of the index and keysets follow creation."""


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
    """Keep a text column inside a closed vocabulary; a check is easier to change than an enum type."""
    values = ", ".join(f"'{value}'" for value in vocabulary)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def between(column: str, low: float, high: float) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


def words_of(expression: str) -> str:
    """SQL for the words of a text, as domain/words.py reads them, to be found by their beginnings.

    Unicode's own lower case, whatever locale the server was made with; split at blanks and ASCII's signs,
    because classes of letters differ between Postgres and Python where vowel signs come in.
    """
    return (
        f"array_to_tsvector(array_remove(regexp_split_to_array(lower(({expression}) COLLATE pg_c_utf8),"
        r" '[\s!-/:-@[-`{-~]+'), ''))"
    )


def by_words(table: str) -> Index:
    """The index of the column `search`; without a list of what is pending, which each search would read."""
    name = f"ix_{table}_search"
    return Index(name, "search", postgresql_using="gin", postgresql_with={"fastupdate": "off"})


def at_least(column: str, low: int) -> CheckConstraint:
    return CheckConstraint(f"{column} >= {low}", name=column)
