"""The AI service's webhook: authentication, and messages that are late, repeated or out of order."""

import asyncio
import time
from dataclasses import replace
from secrets import token_hex
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.webhooks import SIGNATURE, TIMESTAMP, secret_key, signed_headers
from domain.states.enhancement import Job
from schemas.settings import Settings
from tests.domain.security.test_result_urls import REFUSED
from tests.enhancements import RESULT, Sender, standing, store_job
from tests.server.conftest import Api, served

BODY = b'{"type": "unheard.of", "data": {}}'


@pytest.fixture
def sender(api: Api, engine: AsyncEngine, settings: Settings) -> Sender:
    return Sender.of(api, settings)


async def deliveries(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT id FROM webhook_deliveries ORDER BY id")))


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("casabricks_webhook_deliveries_total", {"outcome": outcome}) or 0


async def test_news_move_the_picture_as_they_come(sender: Sender, engine: AsyncEngine):
    job = await store_job(engine, "pending")
    told = await sender.tell(job, "processing")
    assert (told.status, told.body) == (200, {"status": "accepted"})
    assert (await standing(engine, job.image_id)).status == "processing"
    assert (await sender.tell(job, "completed")).body == {"status": "accepted"}
    after = await standing(engine, job.image_id)
    assert (after.status, after.result_url, after.due_at is not None) == ("processing", RESULT, True)


@pytest.mark.parametrize("stage", ["pending", "processing"])
async def test_a_result_is_taken_though_nobody_said_that_it_had_begun(
    sender: Sender, engine: AsyncEngine, stage: str
):
    job = await store_job(engine, stage)
    assert (await sender.tell(job, "completed")).body == {"status": "accepted"}
    assert (await standing(engine, job.image_id)).result_url == RESULT


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"reason": "too dark"}, "too dark"),
        ({}, "it gives no reason"),
        ({"confidence": 0.3}, "it gives no reason"),
    ],
)
async def test_a_failure_is_told_with_its_reason(sender: Sender, engine: AsyncEngine, data, error):
    job = await store_job(engine, "processing")
    assert (await sender.tell(job, "failed", **data)).body == {"status": "accepted"}
    after = await standing(engine, job.image_id)
    assert (after.status, after.error) == ("failed", f"The AI service gave up: {error}")


@pytest.mark.parametrize("stage", ["none", "fetching", "completed", "failed", "timeout"])
async def test_what_comes_too_late_changes_nothing(sender: Sender, engine: AsyncEngine, stage: str):
    job = await store_job(engine, stage)
    before = await standing(engine, job.image_id)
    told = [await sender.tell(job, kind) for kind in ("processing", "completed", "failed")]
    assert [(answer.status, answer.body) for answer in told] == [(200, {"status": "ignored"})] * 3
    assert await standing(engine, job.image_id) == before


async def test_an_older_attempt_is_ignored(sender: Sender, engine: AsyncEngine):
    job = await store_job(engine, "pending", attempt=3)
    for older in (replace(job, attempt=1, id="enh_the_first"), replace(job, attempt=2)):
        assert (await sender.tell(older, "completed")).body == {"status": "ignored"}
    assert (await standing(engine, job.image_id)).status == "pending"


@pytest.mark.parametrize(
    "changed",
    [{"image_id": uuid4()}, {"id": "enh_of_nobody"}, {"attempt": 2}, {"attempt": 2, "id": "enh_of_nobody"}],
)
async def test_a_job_that_we_never_gave_is_not_found_and_not_remembered(
    sender: Sender, engine: AsyncEngine, changed
):
    job = await store_job(engine, "pending")
    told = await sender.tell(replace(job, **changed), "completed")
    assert (told.status, told.body["code"]) == (404, "not_found")
    assert ((await standing(engine, job.image_id)).status, await deliveries(engine)) == ("pending", [])


async def test_an_event_of_a_type_that_we_do_not_know_is_taken_and_ignored(
    sender: Sender, engine: AsyncEngine
):
    told = await sender.send(
        b'{"type": "billing.invoice", "data": {"anything": [1]}, "more": true}', "message_new"
    )
    assert (told.status, told.body, await deliveries(engine)) == (200, {"status": "ignored"}, ["message_new"])


async def test_the_same_message_again_has_no_effect(sender: Sender, engine: AsyncEngine):
    job = await store_job(engine, "pending")
    answers = [(await sender.tell(job, "completed", "message_twice")).body["status"] for _ in range(3)]
    assert (answers, await deliveries(engine)) == (["accepted", "duplicate", "duplicate"], ["message_twice"])


async def test_the_same_message_many_times_at_once_takes_effect_once(sender: Sender, engine: AsyncEngine):
    job = await store_job(engine, "pending")
    told = await asyncio.gather(*(sender.tell(job, "completed", "message_many") for _ in range(12)))
    assert sorted(answer.body["status"] for answer in told) == ["accepted", *["duplicate"] * 11]


async def test_another_message_under_the_same_id_is_a_conflict(sender: Sender, engine: AsyncEngine):
    job, before = await store_job(engine, "pending"), counted("conflict")
    await sender.tell(job, "processing", "message_same")
    told = await sender.tell(job, "completed", "message_same")
    assert (told.status, told.body["code"], counted("conflict") - before) == (409, "conflict", 1)
    assert (await standing(engine, job.image_id)).result_url is None


@pytest.mark.parametrize(("seconds", "status"), [(-303, 401), (-290, 200), (290, 200), (303, 401)])
async def test_a_clock_may_be_five_minutes_wrong(sender: Sender, seconds: int, status: int):
    assert (await sender.send(BODY, seconds=seconds)).status == status


async def test_every_forgery_gets_the_same_answer_and_is_written_nowhere(
    sender: Sender, engine: AsyncEngine, settings: Settings
):
    job = await store_job(engine, "pending")
    news = {"image_id": job.image_id, "job_id": job.id, "attempt": 1}
    body = orjson.dumps({"type": "enhancement.processing", "data": news})
    key, now = secret_key(settings.webhook_secrets[0]), int(time.time())
    signed = signed_headers("message_one", now, body, [key])
    forgeries = [
        (body, {}),
        (body, {name: value for name, value in signed.items() if name != SIGNATURE}),
        (body, signed | {SIGNATURE: "v1,nonsense"}),
        (body, signed | {SIGNATURE: signed[SIGNATURE].replace("v1,", "v1a,")}),
        (body, signed | {TIMESTAMP: str(now + 1)}),
        (body, signed | {"webhook-id": "message_two"}),
        (body, signed | {"webhook-id": "a.message"}),
        (body + b" ", signed),
        (orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2), signed),
        (b"not json", signed),
        (b"", signed),
        (body, signed_headers("message_one", now, body, [token_hex(32).encode()])),
        (body, signed_headers("message_one", now - 400, body, [key])),
        (body, signed_headers("message_one", now + 400, body, [key])),
    ]
    told = [await sender.post(sent, headers) for sent, headers in forgeries]
    changing = {"request_id", "instance"}
    bodies = [{name: value for name, value in answer.body.items() if name not in changing} for answer in told]
    assert [answer.status for answer in told] == [401] * len(forgeries)
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "invalid_signature"
    assert ((await standing(engine, job.image_id)).status, await deliveries(engine)) == ("pending", [])


async def test_only_our_own_numbers_say_why_a_message_was_not_believed(sender: Sender):
    before = counted("too_old")
    told = await sender.send(BODY, seconds=-1_000)
    assert (counted("too_old") - before, "old" in str(told.body)) == (1, False)


async def test_a_message_has_an_end_before_anybody_reads_it(sender: Sender):
    assert (await sender.send(b" " * (256 * 1024 - len(BODY)) + BODY)).status == 200
    told = await sender.send(b" " * (256 * 1024 + 1))
    assert (told.status, told.body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"type": "a", "type": "b", "data": {}}', 400),
        (b'{"type": "enhancement.failed", "data": {"reason": "\\u0000"}}', 400),
        (b"[]", 422),
        (b'{"data": {}}', 422),
        (b'{"type": "enhancement.processing", "data": {}}', 422),
        (b'{"type": "enhancement.processing", "data": {"image_id": "7", "job_id": "a", "attempt": 1}}', 422),
    ],
)
async def test_a_signed_message_that_says_nothing_is_named_as_that(
    sender: Sender, engine: AsyncEngine, body, status
):
    assert (await sender.send(body)).status == status
    assert await deliveries(engine) == []


async def test_a_result_that_we_would_not_fetch_is_refused_and_nothing_stored(
    sender: Sender, engine: AsyncEngine
):
    job = await store_job(engine, "processing")
    told = {url: await sender.tell(job, "completed", result_url=url) for url in REFUSED}
    assert len(told) > 40
    refused = (422, "url_not_allowed", {"#/data/result_url": "url_not_allowed"})
    found = {url: (answer.status, answer.body["code"], answer.wrong_fields()) for url, answer in told.items()}
    assert found == dict.fromkeys(REFUSED, refused)
    assert ((await standing(engine, job.image_id)).result_url, await deliveries(engine)) == (None, [])


async def test_while_the_secret_changes_both_are_believed(settings: Settings, engine: AsyncEngine):
    old, new = token_hex(32), f"whsec_{'QUJD' * 10}"
    changing = settings.model_copy(
        update={
            "webhook_secret": SecretStr(new),
            "webhook_previous_secret": SecretStr(old),
        }
    )
    async with served(changing, "rotating") as api:
        statuses = [
            (await Sender(api, secrets).send(BODY)).status
            for secrets in ((new,), (old,), (old, new), tuple(settings.webhook_secrets))
        ]
    assert statuses == [200, 200, 200, 401]


async def test_without_a_secret_nobody_is_believed(settings: Settings, sender: Sender):
    async with served(settings.model_copy(update={"webhook_secret": SecretStr("")}), "unset") as api:
        assert (await replace(sender, api=api).send(BODY)).status == 401


LIFE = st.sampled_from([("processing", "completed"), ("processing", "failed"), ("completed",), ("failed",)])
"""The messages that an AI service sends about one job if nothing goes wrong."""


@given(past=st.lists(LIFE, max_size=2), current=LIFE, data=st.data())
@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_in_whatever_order_and_how_often_news_come_they_lead_to_the_same_end(
    sender: Sender, engine: AsyncEngine, past, current, data
):
    """This includes messages of earlier attempts."""
    ends = []
    for disturbed in (False, True):
        job = await store_job(engine, "pending", attempt=len(past) + 1)
        earlier = [Job(job.image_id, f"{job.id}_{n}", n) for n in range(1, len(past) + 1)]
        lives = zip([*earlier, job], [*past, current], strict=True)
        told = [(of, kind, f"{of.id}_{kind}") for of, life in lives for kind in life]
        if disturbed:
            again = data.draw(st.lists(st.sampled_from(told), max_size=4))
            told = data.draw(st.permutations(told + again))
        for of, kind, message_id in told:
            assert (await sender.tell(of, kind, message_id)).status == 200
        after = await standing(engine, job.image_id)
        ends.append((after.status, after.result_url, after.error, after.attempts))
    assert ends[0] == ends[1]
