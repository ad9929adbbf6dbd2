"""Imports over HTTP: requested, tracked, and run by a worker."""

import asyncio
import io
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import FormData
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tasks.uploads import import_waiting
from tests.factories import form
from tests.server.conftest import Answer, Api, served

IMPORTS = "/api/v1/admin/imports"
HEADER = "external_ref,title,locality,property_type,listing_type,bhk,price,super_area_sqft"
ALL = HEADER + (
    ",description,society,latitude,longitude,bathrooms,balconies,furnishing_status,floor_number,total_floors,"
    "age_years,possession_status,facing_direction,entrance_direction,kitchen_direction,"
    "master_bedroom_direction,pooja_direction,toilet_direction,balcony_direction,open_sides,"
    "carpet_area_sqft,built_up_area_sqft"
)
BLANKS = "," * (ALL.count(",") - HEADER.count(","))


def sheet(*rows: str) -> bytes:
    return "\n".join([ALL, *(row + BLANKS for row in rows)]).encode()


def home(number: int, price: str = "90 L", locality: str = "Sector 62") -> str:
    return f"R{number},Flat {number},{locality},apartment,sale,3,{price},1500"


async def send(api: Api, content: bytes | io.BytesIO, kind: str = "text/csv", **query: str) -> Answer:
    return await api.ask("POST", IMPORTS, data=content, params=query, headers={"content-type": kind})


async def finished(api: Api, engine: AsyncEngine, content: bytes, **query: str) -> Any:
    """Import a file to its end; return the job as its page shows it."""
    asked = await send(api, content, **query)
    assert asked.status == 202, asked.body
    await import_waiting(engine)
    return (await api.get(asked.headers["location"])).body


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_a_file_waits_for_a_worker_and_then_every_row_is_accounted_for(admin: Api, engine: AsyncEngine):
    content = sheet(home(1), home(2, "cheap"), home(3, locality='"Sector 16, Greater Noida"'))
    asked = await send(admin, content, dry_run="false", filename="homes.csv")
    assert (asked.status, asked.body["state"], asked.body["total"]) == (202, "queued", 3)
    await import_waiting(engine)
    job = (await admin.get(asked.headers["location"])).body
    assert (job["state"], job["rows"], job["created"], job["rejected"]) == ("done", 3, 1, 2)
    assert [(i["row"], i["column"], i["code"]) for i in job["report"]["issues"]] == [
        (3, "price", "unreadable"),
        (4, "locality", "outside_noida"),
    ]
    assert await rows(engine, "SELECT external_ref, price, state FROM properties") == [
        ("R1", 9_000_000, "active")
    ]
    assert await rows(engine, "SELECT content FROM import_jobs") == [(None,)]


async def test_unless_told_otherwise_nothing_is_loaded(admin: Api, engine: AsyncEngine):
    job = await finished(admin, engine, sheet(home(1)))
    assert (job["dry_run"], job["created"], await rows(engine, "SELECT id FROM properties")) == (True, 1, [])


async def test_the_same_file_twice_changes_nothing(admin: Api, engine: AsyncEngine):
    content = sheet(*(home(n) for n in range(20)))
    await finished(admin, engine, content, dry_run="false")
    before = await rows(engine, "SELECT * FROM properties ORDER BY id")
    job = await finished(admin, engine, content, dry_run="false")
    assert (job["unchanged"], job["created"], job["updated"]) == (20, 0, 0)
    assert await rows(engine, "SELECT * FROM properties ORDER BY id") == before


async def test_a_row_without_a_reference_is_known_by_what_it_says(admin: Api, engine: AsyncEngine):
    nameless = home(1).removeprefix("R1")
    for expected in ((1, 0), (0, 1)):
        job = await finished(admin, engine, sheet(nameless, home(2)), dry_run="false")
        assert (job["created"] - expected[0], job["unchanged"]) == (expected[0] and 1, expected[1] * 2)


async def test_who_asked_and_what_came_of_it_is_in_the_audit(admin: Api, engine: AsyncEngine):
    await finished(admin, engine, sheet(home(1)), dry_run="false")
    found = await rows(engine, "SELECT actor, action, entity_type FROM audit_log ORDER BY id")
    assert found == [
        ("asha@casabricks.example", "request", "import"),
        ("asha@casabricks.example", "import", "import"),
    ]


async def test_a_file_on_its_way_is_not_taken_in_again(admin: Api, engine: AsyncEngine):
    answers = await asyncio.gather(*(send(admin, sheet(home(1))) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200] * 4 + [202]
    assert len({answer.body["id"] for answer in answers}) == 1
    assert (await send(admin, sheet(home(1)), dry_run="false")).status == 202


async def test_json_lines_and_forms_are_taken_too(admin: Api, engine: AsyncEngine):
    form = FormData()
    form.add_field("file", sheet(home(7)), filename="../../homes.csv", content_type="text/csv")
    asked = await admin.ask("POST", IMPORTS, data=form)
    assert (asked.status, asked.body["filename"], asked.body["total"]) == (202, "homes.csv", 1)


async def test_a_form_may_say_what_the_query_may(admin: Api, engine: AsyncEngine):
    form = FormData({"dry_run": "false", "map": "casabricks"})
    form.add_field("file", sheet(home(7)), filename="homes.csv", content_type="text/csv")
    asked = await admin.ask("POST", IMPORTS, data=form)
    assert (asked.status, asked.body["dry_run"], asked.body["filename"]) == (202, False, "homes.csv")


async def test_what_a_form_leaves_out_is_as_in_the_query(admin: Api, engine: AsyncEngine):
    form = FormData({"dry_run": "", "map": ""})
    form.add_field("file", sheet(home(7)), filename="homes.csv", content_type="text/csv")
    asked = await admin.ask("POST", IMPORTS, data=form, params={"dry_run": "false"})
    assert (asked.status, asked.body["dry_run"]) == (202, False)


@pytest.mark.parametrize(
    ("fields", "query", "pointers"),
    [
        ({"mode": "1"}, {}, {"#/mode": "extra_forbidden"}),
        ({"dry_run": "maybe"}, {}, {"#/dry_run": "bool_parsing"}),
        ({"dry_run": "false"}, {"dry_run": "true"}, {"#/dry_run": "given_twice"}),
        ({"map": "other"}, {}, {"#/map": "unknown_map"}),
    ],
)
async def test_a_form_is_read_as_strictly_as_a_query(
    admin: Api, engine: AsyncEngine, fields: dict[str, str], query: dict[str, str], pointers: Any
):
    form = FormData(fields)
    form.add_field("file", sheet(home(7)), filename="homes.csv", content_type="text/csv")
    asked = await admin.ask("POST", IMPORTS, data=form, params=query)
    assert (asked.status, asked.wrong_fields()) == (422, pointers)
    assert await rows(engine, "SELECT id FROM import_jobs") == []


def part(content: bytes, said: str = 'form-data; name="file"; filename="homes.csv"') -> bytes:
    return b"--XX\r\nContent-Disposition: " + said.encode() + b"\r\n\r\n" + content + b"\r\n"


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=XX",
        "multipart/form-data; boundary=XX; charset=UTF-8",
        "multipart/form-data; charset=utf-8; boundary=XX",
        'Multipart/Form-Data; Boundary="XX";',
    ],
)
async def test_a_boundary_may_have_neighbours(admin: Api, engine: AsyncEngine, kind: str):
    answer = await send(admin, part(sheet(home(1))) + b"--XX--\r\n", kind)
    assert (answer.status, answer.body["filename"], answer.body["total"]) == (202, "homes.csv", 1)


@pytest.mark.parametrize(
    "body",
    [
        part(sheet(home(1))),  # no closing boundary
        part(b"x") + part(b"true", 'form-data; name="dry_run"') * 2 + b"--XX--",
        part(b"x") + part(b"\xff", 'form-data; name="dry_run"') + b"--XX--",
        part(b"x") + part(b"a\0", 'form-data; name="map"') + b"--XX--",
        part(b"x") + part(b"", "form-data") * 20 + b"--XX--",
        b"--XX\r\nbad header\r\n\r\nx\r\n--XX--",
    ],
)
async def test_a_form_that_is_none_is_refused(admin: Api, engine: AsyncEngine, body: bytes):
    answer = await send(admin, body, "multipart/form-data; boundary=XX")
    assert (answer.status, answer.body["code"]) == (400, "unparsable")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a%00\u000b.csv", "a .csv"),
        ("C:\\\\homes\\\\a.csv", "a.csv"),
        ("%E0%A4%98%E0%A4%B0.csv", "घर.csv"),
        ("घर.csv", "घर.csv"),
        ("", "upload"),
    ],
)
async def test_a_files_name_is_cleaned(admin: Api, engine: AsyncEngine, said: str, kept: str):
    body = part(sheet(home(1)), f'form-data; name="file"; filename="{said}"') + b"--XX--"
    answer = await send(admin, body, "multipart/form-data; boundary=XX")
    assert (answer.status, answer.body["filename"]) == (202, kept)


async def test_a_name_in_the_query_is_what_it_is(admin: Api, engine: AsyncEngine):
    answer = await send(admin, sheet(home(1)), filename="100%25 a%00.csv")
    assert (answer.status, answer.body["filename"]) == (202, "100%25 a%00.csv")


async def test_a_listing_that_has_ended_is_told_of_when_it_is_updated(admin: Api, engine: AsyncEngine):
    await finished(admin, engine, sheet(*map(home, range(4))), dry_run="false")
    for number, state in enumerate(("sold", "deleted", "expired")):
        async with engine.begin() as connection:
            ended = "UPDATE properties SET state = :state WHERE external_ref = :reference"
            await connection.execute(text(ended), {"state": state, "reference": f"R{number}"})
    again = sheet(home(0, "95 L"), home(1, "95 L"), home(2), home(3, "95 L"))
    for dry_run in ("true", "false"):
        job = await finished(admin, engine, again, dry_run=dry_run)
        assert (job["updated"], job["unchanged"], job["rejected"]) == (3, 1, 0)
        assert job["report"]["codes"] == {"ended": 2}
        assert [(issue["row"], issue["message"]) for issue in job["report"]["issues"]] == [
            (2, "is updated, and not shown: its listing is sold"),
            (3, "is updated, and not shown: its listing is deleted"),
        ]


async def test_one_society_has_one_spelling(admin: Api, engine: AsyncEngine):
    names = ("ATS Pristine", "Ats pristine", "ATS  Pristine", "ATS Pristine II")
    lines = [f"{home(n)},,{name}" + "," * (BLANKS.count(",") - 2) for n, name in enumerate(names)]
    job = await finished(admin, engine, "\n".join([ALL, *lines]).encode(), dry_run="false")
    assert job["created"] == 4
    assert await rows(engine, "SELECT society, count(*) FROM properties GROUP BY 1 ORDER BY 1") == [
        ("ATS Pristine", 3),
        ("ATS Pristine II", 1),
    ]


async def test_imports_are_listed_newest_first(admin: Api, engine: AsyncEngine):
    for number in range(3):
        await send(admin, sheet(home(number)), filename=f"{number}.csv")
    listed = (await admin.get(IMPORTS, page_size="2")).body
    assert ([job["filename"] for job in listed["items"]], listed["total"]) == (["2.csv", "1.csv"], 3)


async def test_without_redis_the_row_is_enough(settings: Settings, admin: Api, engine: AsyncEngine):
    nowhere = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with served(nowhere, f"uploads_{uuid4().hex}") as api:
        answer = await send(Api(api.url, api.visitor, admin.always), sheet(home(1)), dry_run="false")
    assert answer.status == 202
    assert await import_waiting(engine) == 1
    assert await rows(engine, "SELECT external_ref FROM properties") == [("R1",)]


async def test_two_workers_never_run_one_job_twice(admin: Api, engine: AsyncEngine):
    await send(admin, sheet(*(home(n) for n in range(2_000))), dry_run="false")
    ended = await asyncio.gather(*(import_waiting(engine) for _ in range(4)))
    assert sum(ended) >= 1
    assert await rows(engine, "SELECT count(*), max(version) FROM properties") == [(2_000, 1)]
    assert await rows(engine, "SELECT count(*) FROM audit_log WHERE action = 'import'") == [(1,)]


@pytest.mark.parametrize(
    ("content", "kind", "query", "status", "pointers"),
    [
        (b"", "text/csv", {}, 422, {"#/file": "file"}),
        (ALL.encode(), "text/csv", {}, 422, {"#/file": "file"}),
        (b"a,b\n1,2", "text/csv", {}, 422, {"#/file": "file"}),
        (b"\x00\x01", "text/csv", {}, 422, {"#/file": "file"}),
        (sheet(*(home(n) for n in range(10_001))), "text/csv", {}, 422, {"#/file": "file"}),
        (sheet(home(1)), "text/plain", {}, 415, {}),
        (sheet(home(1)), "", {}, 415, {}),
        (sheet(home(1)), "multipart/form-data", {}, 400, {}),
        (sheet(home(1)), "multipart/form-data; boundary=x", {}, 400, {}),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x", {}, 422, {"#/file": "missing"}),
        (sheet(home(1)), "text/csv", {"map": "other"}, 422, {"#/map": "unknown_map"}),
        (sheet(home(1)), "text/csv", {"map": "../x"}, 422, {"#/map": "string_pattern_mismatch"}),
        (sheet(home(1)), "text/csv", {"dry_run": "maybe"}, 422, {"#/dry_run": "bool_parsing"}),
        (sheet(home(1)), "text/csv", {"mode": "1"}, 422, {"#/mode": "extra_forbidden"}),
    ],
)
async def test_what_cannot_be_imported_is_refused_at_once_and_leaves_no_job(
    admin: Api, engine: AsyncEngine, content: bytes, kind: str, query: Any, status: int, pointers: Any
):
    answer = await send(admin, content, kind, **query)
    assert (answer.status, answer.wrong_fields()) == (status, pointers)
    assert await rows(engine, "SELECT id FROM import_jobs") == []


async def test_too_large_a_file_is_refused_while_it_comes(admin: Api, engine: AsyncEngine):
    answer = await send(admin, io.BytesIO(b"x" * (20 * 2**20 + 1)))
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("job_id", ["019b76da-b0c9-7017-9695-9a03e802027d", "x", "%00"])
async def test_an_import_that_is_not_there_is_not_found(admin: Api, job_id: str):
    assert (await admin.get(f"{IMPORTS}/{job_id}")).status == 404


async def test_a_row_that_breaks_a_rule_of_the_table_does_not_keep_others_back(
    admin: Api, engine: AsyncEngine
):
    job = await finished(admin, engine, sheet(home(1), home(1, "95 L"), home(2)), dry_run="false")
    assert (job["created"], job["rejected"]) == (2, 1)


BEST = {"facing_direction": "north", "entrance_direction": "north_east", "kitchen_direction": "south_east"}
WORST = BEST | {"entrance_direction": "south_west", "kitchen_direction": "north_east"}
LIGHT = {"floor_number": 8, "total_floors": 20, "open_sides": 3}


def sheet_of(facts: dict[str, Any]) -> bytes:
    """Return a sheet with one home, R1, with these columns set."""
    said = dict(zip(HEADER.split(","), home(1).split(","), strict=True)) | facts
    return "\n".join([ALL, ",".join(str(said.get(column, "")) for column in ALL.split(","))]).encode()


async def test_a_home_has_the_same_scores_through_either_door(admin: Api, engine: AsyncEngine):
    scores = "vastu_score, vastu_coverage, vastu_source, light_score, light_coverage, light_source"
    seen = set()
    for number, facts in enumerate((BEST, WORST, BEST | LIGHT, {})):  # the first creates, others update
        await finished(admin, engine, sheet_of(facts), dry_run="false")
        answer = await admin.post("/api/v1/admin/properties", form(external_ref=f"API{number}", **facts))
        assert answer.status == 201, answer.body
        twins = f"external_ref IN ('R1', 'API{number}')"
        [both] = await rows(engine, f"SELECT DISTINCT {scores} FROM properties WHERE {twins}")
        seen.add(both)
    assert len(seen) == 4
