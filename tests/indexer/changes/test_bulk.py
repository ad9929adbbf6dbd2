"""Bodies and answers of bulk writes, and how the engine handles revisions."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opensearchpy.exceptions import RequestError, TransportError

from indexer.changes import bulk
from indexer.changes.bulk import (
    BulkResult,
    EngineUnavailable,
    GenerationGone,
    pack,
    read_answer,
    send,
    unavailable,
)
from indexer.changes.documents import Refusal
from stores.search import open_search
from tests.indexer.agreement import document, tombstone
from tests.indexer.outages import Proxy

ONE, TWO = UUID(int=1), UUID(int=2)


def test_a_body_names_each_document_with_its_revision():
    (body,) = pack([tombstone(ONE, 3), tombstone(TWO, 4)])
    assert [orjson.loads(line) for line in body.data.splitlines()] == [
        {"index": {"_id": str(ONE), "version": 3, "version_type": "external_gte"}},
        tombstone(ONE, 3),
        {"index": {"_id": str(TWO), "version": 4, "version_type": "external_gte"}},
        tombstone(TWO, 4),
    ]


@given(sizes=st.lists(st.integers(0, 400_000), max_size=12))
def test_bodies_stay_small_and_leave_nothing_out(sizes):
    documents = [tombstone(ONE, number) | {"title": "x" * size} for number, size in enumerate(sizes)]
    bodies = list(pack(documents))
    assert [document for body in bodies for document in body.documents] == documents
    assert all(0 < len(body.data) <= bulk.BODY_BYTES for body in bodies)
    assert all(len(one.data) + len(two.data) > bulk.BODY_BYTES for one, two in pairwise(bodies))


def test_nothing_needs_no_body():
    assert list(pack([])) == []


def answer(*results: dict[str, Any]) -> dict[str, Any]:
    return {"errors": True, "items": [{"index": result} for result in results]}


def error(status: int, kind: str) -> dict[str, Any]:
    return {"status": status, "error": {"type": kind, "reason": "because"}}


def test_each_item_of_an_answer_concerns_its_own_document():
    results = answer(
        {"status": 201},
        error(409, "version_conflict_engine_exception"),
        error(400, "mapper_parsing_exception"),
    )
    documents = [tombstone(UUID(int=number), number) for number in (1, 2, 3)]
    assert read_answer(documents, results) == BulkResult(
        refusals=(Refusal(str(UUID(int=3)), 3, "mapper_parsing_exception", "because"),), superseded=1
    )


@pytest.mark.parametrize(
    ("status", "kind", "meaning"),
    [
        (404, "index_not_found_exception", GenerationGone),
        (400, "index_closed_exception", GenerationGone),
        (429, "rejected_execution_exception", EngineUnavailable),
        (429, "cluster_block_exception", EngineUnavailable),
        (403, "cluster_block_exception", EngineUnavailable),
        (503, "unavailable_shards_exception", EngineUnavailable),
    ],
)
def test_trouble_of_the_engine_is_no_fault_of_the_document(status, kind, meaning):
    with pytest.raises(meaning):
        read_answer([tombstone(ONE, 1)], answer(error(status, kind)))


def failing(*numbers: int) -> BulkResult:
    """Return an answer that lists these documents as failures of the engine."""
    return BulkResult(
        failures=tuple(Refusal(str(UUID(int=each)), each, "io_exception", "because") for each in numbers)
    )


def test_whose_fault_a_failure_of_the_engine_is_remains_to_be_seen():
    documents = [tombstone(UUID(int=number), number) for number in (1, 2, 3)]
    results = answer({"status": 201}, error(500, "io_exception"), error(500, "io_exception"))
    assert read_answer(documents, results) == failing(2, 3)


async def test_what_the_engine_takes_is_asked_for_once_whatever_it_refuses(settings, generation, search):
    """One request holds a superseded, a refused and a good document."""
    [newer] = pack([tombstone(ONE, 5)])
    await send(search, generation, newer)
    three = UUID(int=3)
    [body] = pack([tombstone(ONE, 4), tombstone(TWO, 1) | {"unplanned": 1}, tombstone(three, 1)])
    async with Proxy(settings.opensearch_url) as proxy:
        client = open_search(settings.model_copy(update={"opensearch_url": proxy.url}))
        found = await send(client, generation, body)
        await client.close()
    assert (found.superseded, [each.error_type for each in found.refusals], found.failures) == (
        1,
        ["strict_dynamic_mapping_exception"],
        (),
    )
    assert len(body.data) < proxy.heard < 2 * len(body.data)
    assert await search.exists(index=generation, id=str(three))


def test_a_failed_request_means_later_unless_we_asked_nonsense():
    assert isinstance(unavailable(TransportError(503, "busy", {})), EngineUnavailable)
    assert isinstance(unavailable(RequestError(400, "nonsense", {})), RequestError)


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (2, 2)])
async def test_the_newest_revision_stays_in_whatever_order_they_come(search, generation, order):
    for revision in order:
        (body,) = pack([tombstone(ONE, revision)])
        assert (await send(search, generation, body)).refusals == ()
    assert (await document(search, generation, ONE))["revision"] == 2


async def test_a_missing_index_is_not_made_up(search, settings):
    (body,) = pack([tombstone(ONE, 1)])
    with pytest.raises(GenerationGone):
        await send(search, f"{settings.index_alias}-missing", body)
    assert not await search.indices.exists(index=f"{settings.index_alias}-missing")
