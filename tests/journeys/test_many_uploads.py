"""A hundred concurrent uploads to the API process: its memory grows only by what a few of them need."""

import asyncio
from contextlib import suppress

import psutil
from aiohttp import ClientSession, TCPConnector
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, store, store_user
from tests.journeys.conftest import Product
from tests.pictures import jpeg
from tests.server.admin.images.albums import send
from tests.server.conftest import Api
from tests.waiting import PATIENCE_S

UPLOADS, SIZE = 100, 4 * 2**20
MOST_GROWN = 150 * 2**20
"""Bytes: four bodies at once, each held several times while its form is parsed; all would need 400 MB."""


async def test_a_hundred_uploads_end_in_pictures_or_503_and_in_no_more_memory(
    product: Product, engine: AsyncEngine, settings: Settings
):
    product.environment |= {
        "DATABASE_POOL_SIZE": "20",
        "JWT_SECRET": settings.jwt_secret.get_secret_value(),
    }
    api = psutil.Process((await product.serve()).pid)
    homes = await store(engine, *(home(f"Flat {number}") for number in range(UPLOADS)))
    content = jpeg()
    content += bytes(SIZE - len(content))
    before, is_over = largest(api), asyncio.Event()
    async with ClientSession(connector=TCPConnector(limit=UPLOADS)) as visitor:
        admin = Api(product.url, visitor).signed_in(await store_user(engine), settings)
        watching = asyncio.create_task(most(api, is_over))
        statuses = {
            answer.status for answer in await asyncio.gather(*(send(admin, key, content) for key in homes))
        }
        is_over.set()
        async with asyncio.timeout(PATIENCE_S):
            grown, children = await watching
    assert statuses == {201, 503}
    assert (grown - before < MOST_GROWN, children) == (True, 2)


def largest(api: psutil.Process) -> int:
    """Return the memory in bytes of the server's largest process."""
    return max(process.memory_info().rss for process in [api, *api.children(recursive=True)])


async def most(api: psutil.Process, is_over: asyncio.Event) -> tuple[int, int]:
    """Return the peak memory and the peak number of decoding children."""
    memory, decoding = 0, 0
    while not is_over.is_set():
        with suppress(psutil.NoSuchProcess):  # a child that ended during the check
            names = [" ".join(child.cmdline()) for child in api.children(recursive=True)]
            memory = max(memory, largest(api))
            decoding = max(decoding, sum("imaging.child" in name for name in names))
        await asyncio.sleep(0.05)
    return memory, decoding
