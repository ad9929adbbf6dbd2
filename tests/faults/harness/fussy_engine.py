"""A proxy to the real engine that refuses single items of a bulk and forwards the others.

It can also delay a bulk, or fail a whole request because of a document in it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import orjson
from aiohttp import ClientSession, web

Document = dict[str, Any]
Verdict = tuple[int, str] | None
"""Status and error type; None forwards the item to the engine."""

ANSWER_HEADERS = ("content-type",)


class Broken(Exception):
    """A judge raises this to fail the whole request."""


def takes_all(_document: Document) -> Verdict:
    return None


def at_once(_index: str, _documents: int) -> float:
    return 0.0


@asynccontextmanager
async def fussy_engine(
    upstream: str,
    judge: Callable[[Document], Verdict] = takes_all,
    pause_s: Callable[[str, int], float] = at_once,
) -> AsyncIterator[str]:
    """Serve the proxy; yield its URL.

    Args:
        upstream: the real engine.
        judge: decides what happens to a document.
        pause_s: seconds by which to delay a bulk, given its index and number of documents.
    """
    async with ClientSession(upstream) as engine:
        door = Door(engine, judge, pause_s)
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", door.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)  # do not wait for delayed requests
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()


class Door:
    def __init__(
        self,
        engine: ClientSession,
        judge: Callable[[Document], Verdict],
        pause_s: Callable[[str, int], float],
    ) -> None:
        self.engine = engine
        self.judge = judge
        self.pause_s = pause_s

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.path.endswith("/_bulk"):
            try:
                return web.json_response(body=orjson.dumps(await self.bulk(request.path, body)))
            except Broken:
                error = {"error": {"type": "broken", "reason": "the door said so"}, "status": 500}
                return web.json_response(error, status=500)
        return await self.passed_on(request, body)

    async def passed_on(self, request: web.Request, body: bytes) -> web.Response:
        kind = {"content-type": request.headers["content-type"]} if body else {}
        async with self.engine.request(request.method, request.path_qs, data=body, headers=kind) as answer:
            headers = {name: answer.headers[name] for name in ANSWER_HEADERS if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)

    async def bulk(self, path: str, body: bytes) -> Document:
        """Return the engine's answer for the forwarded items, with the refusals in their original places."""
        lines = body.splitlines()
        items = list(zip(islice(lines, 0, None, 2), islice(lines, 1, None, 2), strict=True))
        verdicts = [self.judge(orjson.loads(document)) for _, document in items]
        await asyncio.sleep(self.pause_s(path.split("/")[1], len(items)))
        let_in = [line for item, verdict in zip(items, verdicts, strict=True) if not verdict for line in item]
        answers = iter((await self.ask(path, let_in))["items"] if let_in else [])
        results = [refusal(verdict) if verdict else next(answers) for verdict in verdicts]
        return {"errors": any("error" in result["index"] for result in results), "items": results}

    async def ask(self, path: str, lines: list[bytes]) -> Document:
        data = b"\n".join(lines) + b"\n"
        async with self.engine.post(
            path, data=data, headers={"content-type": "application/x-ndjson"}
        ) as answer:
            return dict(await answer.json())


def refusal(verdict: tuple[int, str]) -> Document:
    status, error = verdict
    return {"index": {"status": status, "error": {"type": error, "reason": "the door said so"}}}
