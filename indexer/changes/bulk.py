"""Bulk writes: documents are packed into request bodies, and the engine's answer is read item by item.

What a status means for a document (matched on status and type, never on text):

    2xx, 409            done; 409 means that the engine has a newer revision
    other 4xx           this document is refused
    index not found     GenerationGone, for the whole body
    429, 503, blocked   EngineUnavailable, for the whole body; the documents are not at fault
    other 5xx           refused if only this document fails, repeatedly; otherwise EngineUnavailable
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException, TransportError

from indexer.changes.documents import IndexedDocument, Refusal

BODY_BYTES = 1_000_000  # aiohttp warns that larger bodies block the event loop
TIMEOUT_S = 10  # below Postgres's limit for idle transactions (stores/database.py), because a drain's waits
RESPONSE_FIELDS = "errors,items.*.status,items.*.error.type,items.*.error.reason"
GONE_ERRORS = {"index_not_found_exception", "index_closed_exception"}
BLOCKED_ERROR = "cluster_block_exception"
BUSY_STATUSES = {429, 503}
FAILED_STATUS = 500
MOST_KNOWN_GOOD = 20
"""Known good documents to test the engine with; enough of them to reach every shard."""
FindKnownGood = Callable[[], Awaitable[Sequence[IndexedDocument]]]
ATTEMPTS = 3
PAUSE_S = 0.3


class EngineUnavailable(Exception):
    """The engine is unavailable. The documents are not at fault, so retry later."""

    claimed: int | None = None
    """Number of claimed changes, if a drain's batch failed."""


class GenerationGone(Exception):
    """The index does not exist or is closed."""


@dataclass(frozen=True)
class BulkBody:
    data: bytes
    documents: tuple[IndexedDocument, ...]


@dataclass(frozen=True)
class BulkResult:
    refusals: tuple[Refusal, ...] = ()
    superseded: int = 0
    """Number of documents for which the engine has a newer revision."""
    failures: tuple[Refusal, ...] = ()
    """Documents on which the engine failed; either side may be at fault."""

    def __add__(self, other: "BulkResult") -> "BulkResult":
        return BulkResult(
            self.refusals + other.refusals,
            self.superseded + other.superseded,
            self.failures + other.failures,
        )


def pack(documents: Sequence[IndexedDocument]) -> Iterator[BulkBody]:
    """Yield bodies of bounded size. They do not name an index, so one body serves all generations."""
    lines: list[bytes] = []
    start = size = 0
    for end, document in enumerate(documents):
        line = action(document) + orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
        if lines and size + len(line) > BODY_BYTES:
            yield BulkBody(b"".join(lines), tuple(documents[start:end]))
            lines, start, size = [], end, 0
        lines.append(line)
        size += len(line)
    if lines:
        yield BulkBody(b"".join(lines), tuple(documents[start:]))


def action(document: IndexedDocument) -> bytes:
    """Return the bulk action line of a document. Ids need no escaping."""
    return (
        f'{{"index":{{"_id":"{document["id"]}","version":{document["revision"]},"version_type":"external_gte"}}}}\n'
    ).encode()


async def no_known_good() -> Sequence[IndexedDocument]:
    """Find no known good documents. In a new index only the others of a body can serve as such."""
    return ()


async def send(
    search: AsyncOpenSearch,
    generation: str,
    body: BulkBody,
    find_known_good: FindKnownGood = no_known_good,
) -> BulkResult:
    """Write one body to one index.

    Args:
        search: the engine.
        generation: the index.
        body: what to write.
        find_known_good: finds documents that the engine has accepted before. They are used when it fails
            on one document and too few others in the body succeeded.

    Raises:
        EngineUnavailable: retry later.
        GenerationGone: the index does not exist or is closed.
    """
    answer = await request_bulk(search, generation, body)
    if not answer.failures:
        return answer
    if len(answer.failures) > 1:
        count, reason = len(answer.failures), answer.failures[0].reason
        raise EngineUnavailable(f"It fails at {count:,} documents at once: {reason}")
    [failure] = answer.failures
    beside = accepted(body, answer)
    if len(beside) < MOST_KNOWN_GOOD:
        beside += await find_known_good()
    if not beside:
        raise EngineUnavailable(f"It fails at {failure.property_id}: {failure.reason}")
    return replace(answer, failures=()) + await retry_alone(
        search, generation, failure, body, beside[:MOST_KNOWN_GOOD]
    )


def accepted(body: BulkBody, answer: BulkResult) -> list[IndexedDocument]:
    """Return the documents of the body that the engine accepted."""
    wrong = {each.property_id for each in (*answer.refusals, *answer.failures)}
    return [document for document in body.documents if document["id"] not in wrong]


async def retry_alone(
    search: AsyncOpenSearch,
    generation: str,
    failure: Refusal,
    body: BulkBody,
    known_good: Sequence[IndexedDocument],
) -> BulkResult:
    """Write known good documents and then the failed one alone; refuse it if only it fails every time.

    Raises:
        EngineUnavailable: the engine fails on other documents too.
    """
    suspects = [document for document in body.documents if document["id"] == failure.property_id]
    for _ in range(ATTEMPTS):
        await asyncio.sleep(PAUSE_S)
        others = [await request_bulk(search, generation, beside) for beside in pack(known_good)]
        if any(answer.failures for answer in others):
            raise EngineUnavailable(f"It fails at other documents too: {failure.reason}")
        alone = sum([await request_bulk(search, generation, apart) for apart in pack(suspects)], BulkResult())
        if not alone.failures:
            return alone
    return BulkResult(refusals=(failure,))


async def request_bulk(search: AsyncOpenSearch, generation: str, body: BulkBody) -> BulkResult:
    try:
        answer = await search.bulk(
            body=body.data,
            index=generation,
            params={"filter_path": RESPONSE_FIELDS, "request_timeout": TIMEOUT_S},
        )
    except TransportError as error:
        if error.status_code == FAILED_STATUS and len(body.documents) == 1:
            return BulkResult(failures=(refusal(body.documents[0], str(error.error), str(error)),))
        raise unavailable(error) from error
    except OpenSearchException as error:
        raise unavailable(error) from error
    return read_answer(body.documents, answer)


def unavailable(error: OpenSearchException) -> Exception:
    """Turn a failed request into EngineUnavailable. A 400 is a bug in this code and is returned unchanged."""
    if isinstance(error, TransportError) and error.status_code == 400:
        return error
    return EngineUnavailable(str(error))


def refusal(document: IndexedDocument, error_type: str, reason: str) -> Refusal:
    return Refusal(document["id"], document["revision"], error_type, reason)


def read_answer(documents: Sequence[IndexedDocument], answer: dict[str, Any]) -> BulkResult:
    if not answer["errors"]:
        return BulkResult()
    refusals: list[Refusal] = []
    failures: list[Refusal] = []
    superseded = 0
    results = (result for item in answer["items"] for result in item.values())
    for document, result in zip(documents, results, strict=True):
        status = result["status"]
        if status == 409:
            superseded += 1
        elif status >= 300:
            error = result["error"]
            raise_if_unavailable(status, error)
            refused = refusal(document, error["type"], error["reason"])
            (failures if status >= FAILED_STATUS else refusals).append(refused)
    return BulkResult(tuple(refusals), superseded, tuple(failures))


def raise_if_unavailable(status: int, error: dict[str, Any]) -> None:
    """Raise if the error is certainly not the document's fault."""
    if error["type"] in GONE_ERRORS:
        raise GenerationGone(error["reason"])
    if status in BUSY_STATUSES or error["type"] == BLOCKED_ERROR:
        raise EngineUnavailable(f"{error['type']}: {error['reason']}")
