"""A visitor's way in the browser, from the first question to a sent inquiry."""

from urllib.parse import unquote_plus

import pytest
from axe_playwright_python.async_playwright import Axe
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from schemas.tables import Inquiry
from tests.server.conftest import served
from tests.server.explore.conftest import HOME_PICTURE, Visitor

NOTHING_SERIOUS = {"serious", "critical"}


async def test_with_the_keyboard_alone_a_visitor_finds_a_home_and_asks_about_it(
    visitor: Visitor, worker_engine: AsyncEngine
):
    await visitor.open()
    for _question in range(3):
        option = await visitor.tab_to(".asked [aria-pressed=false]:enabled")
        promised = await option.locator(".count").inner_text()
        await visitor.press("Enter")
        assert await visitor.total() == int(promised.replace(",", ""))
    await visitor.tab_to(".card a")
    await visitor.press("Enter")
    await visitor.page.wait_for_selector("dialog[open] .inquiry")
    title = await visitor.page.inner_text("#property-title")
    await visitor.tab_to("#inquiry-full_name")
    await visitor.type("Asha Verma")
    await visitor.page.keyboard.press("Tab")
    await visitor.type("98100 12345")
    await visitor.tab_to("#inquiry-consent")
    await visitor.page.keyboard.press("Space")
    await visitor.tab_to(".inquiry button")
    await visitor.press("Enter")
    await visitor.page.wait_for_selector("text=Sent. You will be called back.")
    async with worker_engine.connect() as connection:
        columns = (Inquiry.full_name, Inquiry.phone, Inquiry.source, Inquiry.is_spam)
        [lead] = (await connection.execute(select(*columns).where(~Inquiry.is_spam))).all()
    assert tuple(lead) == ("Asha Verma", "+919810012345", "explore", False)
    await visitor.press("Escape")
    assert await visitor.page.locator("dialog[open]").count() == 0
    assert title in await visitor.page.inner_text("#cards")


async def test_a_program_that_fills_in_every_field_is_taken_for_spam(
    visitor: Visitor, worker_engine: AsyncEngine
):
    await visitor.open()
    await visitor.click(".card a")
    await visitor.page.wait_for_selector(".inquiry button")
    for field in await visitor.page.locator(".inquiry input:not([type=checkbox])").all():
        await field.fill("98100 54321" if await field.get_attribute("type") == "tel" else "robot@example.com")
    await visitor.page.check("#inquiry-consent")
    await visitor.page.click(".inquiry button")
    await visitor.page.wait_for_selector("text=Sent. You will be called back.")
    async with worker_engine.connect() as connection:
        [lead] = (await connection.execute(select(Inquiry.phone).where(Inquiry.is_spam))).all()
    assert tuple(lead) == ("+919810054321",)


async def test_a_wrong_form_says_at_each_field_what_is_wrong(visitor: Visitor):
    await visitor.open()
    await visitor.click(".card a")
    await visitor.page.fill("#inquiry-phone", "12")
    await visitor.page.click(".inquiry button")
    await visitor.page.wait_for_selector("#wrong-phone:visible")
    wrong = await visitor.page.locator(".wrong:visible").evaluate_all("(all) => all.map((one) => one.id)")
    assert wrong == ["wrong-full_name", "wrong-phone", "wrong-consent"]
    assert await visitor.page.evaluate("document.activeElement.id") == "inquiry-full_name"
    [refused] = visitor.faults
    assert "422" in refused
    visitor.faults.clear()


@pytest.mark.parametrize("facet", ["property_type", "bhk", "bathrooms", "deal", "facing_direction"])
async def test_a_filter_finds_as_many_homes_as_it_says(visitor: Visitor, facet: str):
    await visitor.open()
    tick = f"#facet-{facet} .tick:has(input:enabled):not(:has(input:checked))"
    if not await visitor.page.locator(tick).first.is_visible():
        await visitor.page.click(f"#facet-{facet} summary")
    promised = await visitor.page.locator(f"{tick} .count").first.inner_text()
    await visitor.click(f"{tick} >> nth=0")
    assert await visitor.total() == int(promised.replace(",", ""))


async def test_the_price_sliders_choose_bars_of_the_histogram(visitor: Visitor):
    await visitor.open()
    everything = await visitor.total()
    await visitor.page.focus("#price-to")
    for _ in range(6):
        await visitor.page.keyboard.press("ArrowLeft")
    await visitor.settled()
    assert 0 < await visitor.total() < everything
    assert '"price":{"max":' in unquote_plus(visitor.page.url)
    bars = await visitor.page.locator(".bars rect.in title").evaluate_all(
        "(all) => all.map((one) => one.textContent)"
    )
    assert sum(int(bar.rpartition(": ")[2]) for bar in bars) == await visitor.total()


async def test_links_carry_the_search_and_the_browser_goes_back_through_it(visitor: Visitor):
    await visitor.open()
    everything = await visitor.total()
    await visitor.click("[id^='option-budget']:enabled >> nth=0")
    narrowed = await visitor.total()
    assert narrowed < everything
    await visitor.open(visitor.page.url.removeprefix(visitor.url))
    assert await visitor.total() == narrowed
    await visitor.page.go_back()
    await visitor.settled()
    assert await visitor.total() == everything


async def test_a_link_to_a_home_opens_it_and_closing_it_leaves_the_search(visitor: Visitor):
    await visitor.open()
    link = await visitor.page.locator(".card a").first.get_attribute("href")
    assert link is not None
    await visitor.open(link)
    await visitor.page.wait_for_selector("dialog[open] .compass, dialog[open] .market")
    await visitor.click("dialog .close")
    assert "property" not in visitor.page.url


async def test_an_enhanced_picture_is_shown_beside_the_one_as_taken(visitor: Visitor):
    await visitor.open()
    pictured = f".card:has(img[src='{HOME_PICTURE}']:not(.no-picture)) a"
    while not await visitor.page.locator(pictured).count():
        await visitor.click("#more")
    await visitor.click(f"{pictured} >> nth=0")
    await visitor.page.wait_for_selector("dialog[open] .compared")
    await visitor.page.fill(".compared input", "100")
    assert (
        await visitor.page.evaluate("document.querySelector('.after').style.clipPath")
        == "inset(0px 0px 0px 0%)"
    )


async def test_a_sector_is_chosen_on_the_map_by_mouse_and_by_arrows(visitor: Visitor):
    await visitor.open()
    await visitor.page.focus("#sectors circle[tabindex='0']")
    first = await visitor.page.evaluate("document.activeElement.id")
    await visitor.page.keyboard.press("ArrowUp")
    moved = await visitor.page.evaluate("document.activeElement.id")
    assert moved != first
    await visitor.press("Enter")
    assert await visitor.page.locator("#sectors [aria-pressed=true]").evaluate_all(
        "(all) => all.map((one) => one.id)"
    ) == [moved]
    assert '"locality":["' in unquote_plus(visitor.page.url)
    await visitor.click(f"#{moved}")
    assert await visitor.page.locator("#sectors [aria-pressed=true]").count() == 0


async def test_when_little_is_found_each_suggestion_finds_what_it_says(visitor: Visitor):
    await visitor.open('/explore?search={"vastu_score":{"min":100}}')
    assert await visitor.total() < 3
    promised = await visitor.page.locator("#suggestions .count").first.inner_text()
    await visitor.click("#suggestions button >> nth=0")
    assert f"{await visitor.total()} home" in promised


async def test_what_is_typed_is_completed_and_can_be_chosen_by_keyboard(visitor: Visitor):
    await visitor.open()
    await visitor.page.focus("#q")
    await visitor.type("sector 7")
    await visitor.page.wait_for_selector("#completions li")
    await visitor.page.keyboard.press("ArrowDown")
    chosen = await visitor.page.locator("#completions [aria-selected=true]").inner_text()
    await visitor.press("Enter")
    place, _, promised = chosen.rpartition(" ")
    assert f'"locality":["{place}"]' in unquote_plus(visitor.page.url)
    assert await visitor.total() == int(promised)


async def test_what_was_understood_of_words_is_shown_as_chips_that_can_be_taken_away(visitor: Visitor):
    await visitor.open()
    await visitor.page.fill("#q", "3 bhk apartment under 2 cr")
    await visitor.click("#ask button")
    narrowed = await visitor.total()
    chips = visitor.page.locator("#understood .chip")
    said = [chip.partition(" ×")[0] for chip in await chips.all_inner_texts()]
    assert said == ["Bedrooms: 3 BHK", "Type: Apartment", "Price: up to ₹2 Cr"]
    assert await visitor.page.is_checked("#tick-bhk-3")
    await visitor.click("#understood .chip >> nth=0")
    assert await visitor.page.input_value("#q") == "apartment under 2 cr"
    assert await visitor.total() > narrowed


async def test_a_filter_goes_on_from_what_was_understood(visitor: Visitor):
    await visitor.open()
    await visitor.page.fill("#q", "3 bhk under 2 cr")
    await visitor.click("#ask button")
    before = await visitor.total()
    await visitor.click("#tick-bhk-3")
    assert unquote_plus(visitor.page.url).endswith('{"price":{"max":20000000},"listing_type":"sale"}')
    assert await visitor.total() > before


async def test_words_say_whether_somebody_rents(visitor: Visitor):
    await visitor.open()
    await visitor.page.fill("#q", "2 bhk for rent")
    await visitor.click("#ask button")
    assert await visitor.page.is_checked("#offer [value=rent]")
    assert "a month" in await visitor.page.inner_text(".card .price >> nth=0")


async def test_more_homes_come_below_those_that_are_there(visitor: Visitor):
    await visitor.open()
    before = await visitor.page.locator("#cards a").evaluate_all("(all) => all.map((one) => one.href)")
    await visitor.click("#more")
    after = await visitor.page.locator("#cards a").evaluate_all("(all) => all.map((one) => one.href)")
    assert after[: len(before)] == before
    assert len(set(after)) == len(after) == 2 * len(before)


async def test_with_the_search_away_the_page_says_so(visitor: Visitor, settings: Settings):
    away_settings = {"opensearch_url": "http://127.0.0.1:9", "search_cache": False}
    async with served(settings.model_copy(update=away_settings), "explore_away") as away:
        await visitor.page.goto(f"{away.url}/explore")
        await visitor.page.wait_for_selector("#problem:visible")
        assert "Search" in await visitor.page.inner_text("#problem")
    visitor.faults.clear()  # the browser logs each 503


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_checker_of_accessibility_finds_nothing_serious(visitor: Visitor, width: int):
    await visitor.page.set_viewport_size({"width": width, "height": 850})
    await visitor.open()
    assert await serious(visitor) == []
    await visitor.click(".card a")
    await visitor.page.wait_for_selector("dialog[open] .market")
    assert await serious(visitor) == []
    assert await visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def serious(visitor: Visitor) -> list[tuple[str, str]]:
    found = await Axe().run(visitor.page)
    return [
        (violation["id"], node["html"])
        for violation in found.response["violations"]
        if violation["impact"] in NOTHING_SERIOUS
        for node in violation["nodes"]
    ]
