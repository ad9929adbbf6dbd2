"""The page in a real browser: Debian's Chromium, headless."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from demo.load import load_homes
from schemas.tables import Property, PropertyImage
from tests.factories import picture
from tests.server.conftest import Api, Catalogue
from tests.waiting import PATIENCE_S

PATIENCE_MS = PATIENCE_S * 1000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
LISTINGS = 240
HOME_PICTURE = "/explore/icon.svg"  # a static file, so no picture has to be rendered
PICTURE = {"original_url": HOME_PICTURE, "thumbnail_url": HOME_PICTURE}


@dataclass
class Visitor:
    """A visitor with the page open; `faults` holds the errors in the browser's console."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str = "/explore") -> None:
        await self.page.goto(self.url + path)
        await self.settled()

    async def settled(self) -> None:
        """Wait until the homes of the last choice are shown."""
        await self.page.wait_for_selector("#results:not([aria-busy])")

    async def total(self) -> int:
        return int((await self.page.inner_text("#total")).split()[0].replace(",", ""))

    async def click(self, selector: str) -> None:
        await self.page.click(selector)
        await self.settled()

    async def tab_to(self, target: str, *, at_most: int = 120) -> Locator:
        """Focus an element with the Tab key only, as a visitor without a mouse does."""
        for _ in range(at_most):
            if await self.page.evaluate("(target) => document.activeElement.matches(target)", target):
                return self.page.locator(":focus")
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached with the Tab key")

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)
        await self.settled()

    async def type(self, words: str) -> None:
        await self.page.keyboard.type(words)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        assert "CI" not in os.environ, "CI has a browser: nothing may be skipped there"
        pytest.skip("there is no Chromium here: apt install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=PATIENCE_MS)
        yield browser
        await browser.close()


async def open_page(browser: Browser) -> Page:
    """Open a page that is patient: the library itself gives up after 30 seconds."""
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    return page


@pytest.fixture(scope="module")
async def shop(live: Catalogue, worker_engine: AsyncEngine) -> Catalogue:
    """Demo homes of all kinds; one home has two pictures, one of them enhanced."""
    await load_homes(worker_engine, (), listings=LISTINGS, seed=1)
    shown = await _some_home(worker_engine)
    enhanced = {"enhanced_url": HOME_PICTURE, "enhancement_status": "completed", "is_primary": True}
    images = [
        PICTURE | enhanced,
        PICTURE | {"is_primary": False, "content_hash": "1" * 64, "display_order": 1},
    ]
    async with worker_engine.begin() as connection:
        for image in images:
            await connection.execute(insert(PropertyImage).values(picture(shown, **image)))
    await live.sync_index()
    return live


async def _some_home(engine: AsyncEngine) -> UUID:
    query = select(Property.id).where(Property.is_active, Property.listing_type == "sale")
    async with engine.connect() as connection:
        return (await connection.scalars(query.order_by(Property.id).limit(1))).one()


@pytest.fixture
async def visitor(browser: Browser, api: Api, shop: Catalogue) -> AsyncIterator[Visitor]:
    page = await open_page(browser)
    visitor = Visitor(page, api.url)
    page.on("console", lambda said: visitor.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: visitor.faults.append(str(error)))
    yield visitor
    await page.close()
    assert visitor.faults == []
