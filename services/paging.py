"""Pages of lists, by number."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Row, Select, func
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.lists import Items, Paging

Item = TypeVar("Item")


async def page_of(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    paging: Paging,
    convert: Callable[[Row[*tuple[Any, ...]]], Item],
) -> Items[Item]:
    """Return a page of an ordered query, and how many rows it has in all; `convert` makes items of rows."""
    counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    rows = await session.execute(query.offset(paging.offset).limit(paging.page_size))
    return as_page([convert(row) for row in rows], await session.scalar(counted) or 0, paging)


def as_page(items: list[Item], total: int, paging: Paging) -> Items[Item]:
    return Items(items=items, total=total, page=paging.page, page_size=paging.page_size, next_cursor=None)
