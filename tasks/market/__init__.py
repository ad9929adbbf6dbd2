"""The market passes. numpy is loaded by the first pass, because API processes never need its 13 MB."""

from sqlalchemy.ext.asyncio import AsyncEngine


async def compare_prices(engine: AsyncEngine) -> int:
    """Bring segments and labels up to date; return how many properties were written."""
    from tasks.market import passes  # noqa: PLC0415  loads numpy

    return await passes.compare_prices(engine)


async def compare_withdrawn(engine: AsyncEngine) -> int:
    """Compare properties whose label was withdrawn or never set; return how many were written."""
    from tasks.market import passes  # noqa: PLC0415  loads numpy

    return await passes.compare_withdrawn(engine)


async def measure_quality(engine: AsyncEngine) -> None:
    """Store how far asking prices lie from the median of their comparables, themselves excluded."""
    from tasks.market import passes  # noqa: PLC0415  loads numpy

    await passes.measure_quality(engine)
