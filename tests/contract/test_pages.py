"""The contract and its page over HTTP: cached, usable offline, and absent if disabled."""

from playwright.async_api import Browser, expect

from schemas.settings import Settings
from server.openapi.pages import FILES
from tests.contract.conftest import Document
from tests.server.conftest import Api, served
from tests.server.explore.conftest import open_page


async def test_the_contract_is_served_as_it_is_kept(api: Api, contract: Document):
    answer = await api.get("/openapi.json")
    assert (answer.status, answer.body) == (200, contract)
    assert answer.headers["content-type"] == "application/json"
    again = await api.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert again.status == 304


async def test_every_file_of_the_page_has_its_type_and_a_policy_without_other_hosts(api: Api):
    kinds = {}
    for name in FILES:
        answer = await api.get("/docs" if name == "index.html" else f"/docs/{name}")
        kinds[name] = (answer.status, answer.headers["content-type"])
        assert "default-src 'none'; script-src 'self';" in answer.headers["content-security-policy"]
    assert kinds == {
        "index.html": (200, "text/html"),
        "start.js": (200, "text/javascript"),
        "swagger-ui.css": (200, "text/css"),
        "swagger-ui-bundle.js": (200, "text/javascript"),
        "favicon-32x32.png": (200, "image/png"),
    }


async def test_other_files_of_the_wheel_are_not_served(api: Api):
    for name in ("swagger-editor.js", "oauth2-redirect.html", "..%2fpages.py"):
        assert (await api.get(f"/docs/{name}")).status in {400, 404}


async def test_without_the_page_the_contract_is_still_there_for_programs(settings: Settings, api: Api):
    bare = settings.model_copy(update={"serve_docs": False})
    async with served(bare, name="casabricks-without-docs") as quiet:
        found = [(await quiet.get(path)).status for path in ("/docs", "/docs/start.js", "/openapi.json")]
    assert found == [404, 404, 200]


async def test_a_browser_shows_every_operation_and_asks_no_other_host(
    api: Api, browser: Browser, contract: Document
):
    page = await open_page(browser)
    faults, asked = [], []
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{api.url}/docs")
    await expect(page.locator(".opblock-tag-section")).to_have_count(len(contract["tags"]))
    await page.click("#operations-tag-search .expand-operation")
    await page.click("#operations-search-search_continue_guided")
    await expect(page.locator(".opblock-body .response-col_status").nth(1)).to_have_text("200")
    await page.close()
    assert faults == []
    assert [url for url in asked if not url.startswith((api.url, "data:"))] == []
