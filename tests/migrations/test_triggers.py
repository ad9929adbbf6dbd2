"""The rules that the database enforces for every writer: revisions, outbox, price history, constraints."""

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.tables import Property, PropertyImage, PropertyMarket
from tests.factories import home, picture, store

Owed = list[tuple[UUID, bool]]

DOCUMENT = {
    "external_ref": "'R-2'",
    "title": "'Another flat'",
    "description": "'Faces the park.'",
    "society": "'Green Court'",
    "locality": "'Sector 78'",
    "sector": "'78'",
    "latitude": "28.5",
    "longitude": "77.5",
    "location_approximate": "true",
    "property_type": "'villa'",
    "listing_type": "'rent'",
    "bhk": "2.5",
    "bathrooms": "2",
    "balconies": "1",
    "area_sqft": "1600",
    "area_basis": "'carpet'",
    "price": "13000000",
    "furnishing_status": "'furnished'",
    "floor_number": "0",
    "total_floors": "12",
    "age_years": "5",
    "possession_status": "'ready_to_move'",
    "facing_direction": "'east'",
    "entrance_direction": "'east'",
    "kitchen_direction": "'east'",
    "master_bedroom_direction": "'east'",
    "pooja_direction": "'east'",
    "toilet_direction": "'east'",
    "balcony_direction": "'east'",
    "open_sides": "2",
    "vastu_score": "80",
    "vastu_coverage": "70",
    "vastu_source": "'computed'",
    "light_score": "60",
    "light_coverage": "90",
    "light_source": "'manual'",
    "state": "'sold'",
    "listed_at": "'2026-01-01'",
    "expires_at": "'2027-01-01'",
}
"""A new value for each column that may appear in a document."""
SILENT = {
    "fingerprint": "'f'",
    "view_count": "view_count + 1",
    "inquiry_count": "inquiry_count + 1",
    "version": "version + 1",
    "created_at": "'2026-01-01'",
    "updated_at": "'2026-01-01'",
    "created_by": "(SELECT id FROM users)",
    "vastu_rules_version": "7",
    "vastu_set_by": "(SELECT id FROM users)",
    "vastu_set_at": "now()",
    "light_set_by": "(SELECT id FROM users)",
    "light_set_at": "now()",
}
"""A new value for each column that never appears in a document."""
KEPT = {"id", "revision", "price_per_sqft", "search", "is_active"}
"""Columns that the database computes."""

PRICING = ("property_type", "listing_type", "bhk", "area_sqft", "area_basis", "price", "locality", "society")

IMAGE_SHOWN = {
    "original_url": "'/media/b.webp'",
    "enhanced_url": "'/media/b.webp'",
    "thumbnail_url": "NULL",
    "is_primary": "false",
    "display_order": "3",
}
IMAGE_SILENT = {
    "image_type": "'interior'",
    "width": "900",
    "height": "900",
    "content_hash": "'another'",
    "enhancement_status": "'pending'",
    "ai_job_id": "'job'",
    "attempts": "attempts + 1",
    "requested_at": "now()",
    "enhancement_due_at": "now()",
    "enhancement_tries": "2",
    "enhancement_result_url": "'https://results.ai.example/a', enhancement_status = 'processing'",
    "enhancement_error": "'It is too dark.'",
    "created_at": "'2026-01-01'",
    "updated_at": "'2026-01-01'",
}
MARKET_SHOWN = {"label": "'good'", "delta_pct": "-6.0"}
MARKET_SILENT = {
    "level": "'city'",
    "n": "10",
    "median": "8100",
    "reason": "'too_few'",
    "as_of": "'2026-01-01'",
    "method": "'other'",
}


async def add(session: AsyncSession, **columns: Any) -> UUID:
    """Insert a property and clear the outbox."""
    inserted = await session.execute(insert(Property).values(**home(**columns)).returning(Property.id))
    await settle(session)
    return inserted.scalar_one()


async def add_picture(session: AsyncSession, property_id: UUID, **columns: Any) -> UUID:
    values = picture(property_id, **columns)
    inserted = await session.execute(insert(PropertyImage).values(**values).returning(PropertyImage.id))
    await settle(session)
    return inserted.scalar_one()


async def add_label(session: AsyncSession, property_id: UUID, **columns: Any) -> None:
    values = {"property_id": property_id, "n": 9, "label": "fair", "delta_pct": 1, "method": "test"} | columns
    await session.execute(insert(PropertyMarket).values(**values))
    await settle(session)


async def settle(session: AsyncSession) -> None:
    await session.execute(text("DELETE FROM search_outbox"))
    session.info["drawn"] = await drawn(session)


async def run(session: AsyncSession, statement: str, **values: Any) -> None:
    await session.execute(text(statement), values)


async def ask(session: AsyncSession, question: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(text(question), values)]


async def drawn(session: AsyncSession) -> int:
    """Return the highest revision assigned so far."""
    [(revision,)] = await ask(session, "SELECT coalesce(pg_sequence_last_value('search_revisions'), 0)")
    return int(revision)


async def owed(session: AsyncSession) -> Owed:
    """Return outbox rows by revision; check that revisions rise and that each row's last one is its own."""
    rows = await ask(session, "SELECT property_id, revision, deleted FROM search_outbox ORDER BY revision")
    revisions = [revision for _, revision, _ in rows]
    assert revisions == sorted({*revisions})
    assert all(revision > session.info.get("drawn", 0) for revision in revisions)
    last = {key: revision for key, revision, deleted in rows if not deleted}
    standing = {row[0]: row[1] for row in await ask(session, "SELECT id, revision FROM properties")}
    assert all(standing.get(key, revision) == revision for key, revision in last.items())
    return [(key, deleted) for key, _, deleted in rows]


async def revision_of(session: AsyncSession, key: UUID) -> int:
    question = text("SELECT revision FROM properties WHERE id = :key")
    return int((await session.execute(question, {"key": key})).scalar_one())


async def refused(session: AsyncSession, statement: str, **values: Any) -> str | None:
    """Return the constraint (or message) by which a statement is refused; None if it succeeds."""
    try:
        async with session.begin_nested():
            await session.execute(text(statement), values)
    except DBAPIError as error:
        said = cast("psycopg.Error", error.orig).diag
        return said.constraint_name or said.message_primary
    return None


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (Property, {*DOCUMENT, *SILENT, *KEPT}),
        (PropertyImage, {*IMAGE_SHOWN, *IMAGE_SILENT, "id", "property_id"}),
        (PropertyMarket, {*MARKET_SHOWN, *MARKET_SILENT, "property_id"}),
    ],
)
def test_every_column_is_known_to_show_or_not_to_show(table, columns):
    assert columns == set(table.__table__.columns.keys())


async def test_a_new_property_owes_one_visit(session):
    [(key,)] = (await session.execute(insert(Property).values(**home()).returning(Property.id))).all()
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize("column", DOCUMENT)
async def test_a_change_that_may_show_bumps_the_revision_once_and_owes_one_visit(session, column):
    key = await add(session)
    await run(session, f"UPDATE properties SET {column} = {DOCUMENT[column]}")
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize("column", SILENT)
async def test_a_change_that_never_shows_owes_nothing(session, column):
    await run(
        session,
        "INSERT INTO users (email, hashed_password, full_name, role) VALUES ('a@b.in', 'x', 'A', 'admin')",
    )
    key = await add(session)
    before = await revision_of(session, key)
    await run(session, f"UPDATE properties SET {column} = {SILENT[column]}")
    assert (await owed(session), await revision_of(session, key)) == ([], before)


async def test_writing_what_is_there_already_owes_nothing(session):
    key = await add(session)
    before = await revision_of(session, key)
    await run(session, "UPDATE properties SET title = title, price = 12000000, society = NULL, bhk = 3.0")
    assert (await owed(session), await revision_of(session, key)) == ([], before)


async def test_a_change_says_when_it_was(session):
    await add(session, updated_at="2026-01-01T00:00:00Z")
    await run(session, "UPDATE properties SET view_count = 7")
    assert await ask(session, "SELECT updated_at = now() FROM properties") == [(False,)]
    await run(session, "UPDATE properties SET title = 'Another flat'")
    assert await ask(session, "SELECT updated_at = now() FROM properties") == [(True,)]


@pytest.mark.parametrize("wanted", ["0", "-5", "1", "2", "revision", "revision + 40"])
async def test_nobody_can_choose_a_revision(session, wanted):
    key = await add(session)
    await run(session, "UPDATE properties SET title = 'second'")
    await run(session, f"UPDATE properties SET title = 'third', revision = {wanted}")
    assert await owed(session) == [(key, False), (key, False)]
    assert await revision_of(session, key) == await drawn(session)


@pytest.mark.parametrize("wanted", [0, 1, 10**12])
async def test_a_row_does_not_bring_its_revision_along(session, wanted):
    key = await add(session, revision=wanted)
    assert await revision_of(session, key) == await drawn(session) != wanted


async def test_a_property_that_is_made_again_with_its_id_passes_its_tombstone(session):
    key = await add(session)
    for title in ("a", "b", "c"):
        await run(session, "UPDATE properties SET title = :title", title=title)
    await run(session, "DELETE FROM properties")
    await session.execute(insert(Property).values(**home(id=key, revision=1)))
    assert await owed(session) == [(key, False)] * 3 + [(key, True), (key, False)]


async def test_a_revision_that_was_rolled_back_is_not_given_out_again(session):
    key = await add(session)
    async with session.begin_nested() as savepoint:
        await run(session, "UPDATE properties SET title = 'never'")
        never = await revision_of(session, key)
        await savepoint.rollback()
    await run(session, "UPDATE properties SET title = 'for good'")
    assert await revision_of(session, key) > never


async def test_a_statement_owes_each_row_that_it_changed(session):
    keys = [await add(session, title=title) for title in ("a", "b", "c", "unchanged")]
    await run(session, "UPDATE properties SET title = 'unchanged'")
    assert sorted(await owed(session)) == sorted((key, False) for key in keys[:3])


async def test_an_upsert_owes_what_it_inserts_and_what_it_updates(session):
    known = await add(session, external_ref="R-1")
    await run(
        session,
        """INSERT INTO properties (external_ref, title, locality, sector, property_type, listing_type,
                                   area_sqft, area_basis, price)
           SELECT ref, 'Upserted', 'Sector 62', '62', 'villa', 'sale', 900, 'super', 9000000
           FROM (VALUES ('R-1'), ('R-2')) refs (ref)
           ON CONFLICT (external_ref) DO UPDATE SET title = excluded.title""",
    )
    [(new,)] = await ask(session, "SELECT id FROM properties WHERE external_ref = 'R-2'")
    assert sorted(await owed(session)) == sorted([(known, False), (new, False)])


async def test_a_deleted_property_owes_one_visit_beyond_its_last_revision(session):
    key = await add(session)
    await add_picture(session, key)
    await add_label(session, key)
    await run(session, "DELETE FROM properties")
    assert await owed(session) == [(key, True)]


async def test_a_locality_that_gets_another_name_owes_its_listings(session):
    key = await add(session, locality="Sector 62")
    await add(session, locality="Sector 78")
    await run(session, "UPDATE sectors SET locality = 'New Sector 62' WHERE sector = '62'")
    assert await owed(session) == [(key, False)]


async def test_what_is_rolled_back_owes_nothing(session):
    key = await add(session)
    before = await revision_of(session, key)
    async with session.begin_nested() as savepoint:
        await run(session, "UPDATE properties SET title = 'Another flat'")
        assert len(await owed(session)) == 1
        await savepoint.rollback()
    assert (await owed(session), await revision_of(session, key)) == ([], before)


async def test_writers_at_the_same_time_each_get_a_revision_of_their_own(engine):
    [key] = await store(engine, home())

    async def edit(number: int) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE properties SET title = :title"), {"title": str(number)})

    await asyncio.gather(*(edit(number) for number in range(8)))
    async with AsyncSession(engine) as session:
        assert await owed(session) == [(key, False)] * 9


async def test_two_writers_of_the_same_properties_never_wait_for_each_other_in_a_circle(engine):
    keys = await store(engine, *(home() for _ in range(50)))

    async def add_pictures(order: list[UUID]) -> None:
        async with engine.begin() as connection:
            rows = """
                INSERT INTO property_images (property_id, original_url, width, height, content_hash)
                SELECT key, '/media/a.webp', 1, 1, gen_random_uuid()::text
                FROM unnest(CAST(:order AS uuid[])) key
            """
            await connection.execute(text(rows), {"order": order})

    await asyncio.gather(add_pictures(keys), add_pictures(keys[::-1]))
    async with AsyncSession(engine) as session:
        assert sorted(await owed(session)) == sorted([(key, False) for key in keys] * 3)


async def test_the_first_picture_bumps_its_property(session):
    key = await add(session)
    await session.execute(insert(PropertyImage).values(**picture(key)))
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize(("column", "value"), IMAGE_SHOWN.items())
async def test_a_change_of_a_picture_that_shows_bumps_its_property(session, column, value):
    key = await add(session)
    await add_picture(session, key)
    await run(session, f"UPDATE property_images SET {column} = {value}")
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize(("column", "value"), IMAGE_SILENT.items())
async def test_a_change_of_a_picture_that_does_not_show_owes_nothing(session, column, value):
    key = await add(session)
    await add_picture(session, key)
    before = await revision_of(session, key)
    await run(session, f"UPDATE property_images SET {column} = {value}")
    assert (await owed(session), await revision_of(session, key)) == ([], before)


async def test_a_picture_that_moves_bumps_the_old_and_the_new_property(session):
    old, new = await add(session), await add(session)
    await add_picture(session, old)
    await run(session, "UPDATE property_images SET property_id = :new", new=new)
    assert sorted(await owed(session)) == sorted([(old, False), (new, False)])


async def test_a_statement_over_several_pictures_bumps_their_property_once(session):
    key = await add(session)
    await add_picture(session, key)
    await add_picture(session, key, content_hash="1" * 64, is_primary=False)
    await run(session, "UPDATE property_images SET display_order = display_order + 1")
    assert await owed(session) == [(key, False)]
    await settle(session)
    await run(session, "DELETE FROM property_images")
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize(("column", "value"), MARKET_SHOWN.items())
async def test_another_label_or_delta_bumps_the_property(session, column, value):
    key = await add(session)
    await add_label(session, key)
    await run(session, f"UPDATE property_market SET {column} = {value}")
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize(("column", "value"), MARKET_SILENT.items())
async def test_what_else_the_market_says_owes_nothing(session, column, value):
    key = await add(session)
    await add_label(session, key)
    before = await revision_of(session, key)
    await run(session, f"UPDATE property_market SET {column} = {value}")
    assert (await owed(session), await revision_of(session, key)) == ([], before)


async def test_a_label_that_goes_bumps_the_property(session):
    key = await add(session)
    await add_label(session, key)
    await run(session, "DELETE FROM property_market")
    assert await owed(session) == [(key, False)]


@pytest.mark.parametrize("table", ["properties", "property_images", "property_market"])
async def test_truncate_is_refused_for_it_would_leave_its_rows_in_the_index(session, table):
    answer = await refused(session, f"TRUNCATE {table} CASCADE")
    assert answer == "TRUNCATE would leave its rows in the index: use DELETE"


async def test_a_property_keeps_its_id(session):
    await session.execute(insert(Property).values(home()))
    answer = await refused(session, "UPDATE properties SET id = gen_random_uuid()")
    assert answer == "a property keeps its id: its document is known by it"


async def test_drains_are_woken_once_by_each_transaction_that_owes_something(engine, database_url):
    await store(engine, home())
    heard: list[str] = []
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listener:
        await listener.execute("LISTEN search_outbox")
        async with engine.begin() as silent:
            await silent.execute(text("UPDATE properties SET view_count = 1"))
            await silent.execute(text("UPDATE properties SET title = title"))
            await silent.execute(text("UPDATE properties SET title = 'none' WHERE false"))
        async with engine.connect() as undecided:
            await undecided.execute(text("UPDATE properties SET title = 'rolled back'"))
            await undecided.rollback()
        async with engine.begin() as busy:
            for title in ("a", "b", "c"):
                await busy.execute(text("UPDATE properties SET title = :title"), {"title": title})
        async with engine.begin() as last:
            await last.execute(text("NOTIFY search_outbox, 'the end'"))
        async for notification in listener.notifies(timeout=5):
            heard.append(notification.payload)
            if notification.payload:
                break
    assert heard == ["", "the end"]


async def test_another_price_is_remembered_and_withdraws_the_label_at_once(session):
    key = await add(session)
    await add_label(session, key)
    await run(session, "UPDATE properties SET price = 11000000")
    history = await ask(session, "SELECT property_id, old_price, new_price FROM price_history")
    assert history == [(key, 12_000_000, 11_000_000)]
    market = await ask(session, "SELECT label, delta_pct, reason FROM property_market")
    assert market == [(None, None, "recalculating")]
    # The price and the label each change the document; only the last revision is indexed.
    assert await owed(session) == [(key, False), (key, False)]


@pytest.mark.parametrize("column", PRICING)
async def test_whatever_a_price_is_compared_by_withdraws_the_label(session, column):
    await add_label(session, await add(session))
    await run(session, f"UPDATE properties SET {column} = {DOCUMENT[column]}")
    assert await ask(session, "SELECT label, reason FROM property_market") == [(None, "recalculating")]


@pytest.mark.parametrize("column", sorted(DOCUMENT.keys() - set(PRICING)))
async def test_other_changes_leave_the_label_and_the_history_alone(session, column):
    await add_label(session, await add(session))
    await run(session, f"UPDATE properties SET {column} = {DOCUMENT[column]}")
    assert await ask(session, "SELECT label, reason FROM property_market") == [("fair", None)]
    assert await ask(session, "SELECT FROM price_history") == []


async def test_only_prices_that_changed_enter_the_history(session):
    await add(session, price=9_000_000)
    changed = await add(session, price=8_000_000)
    await run(session, "UPDATE properties SET price = 9000000, title = 'Same price for all'")
    assert await ask(session, "SELECT property_id, old_price FROM price_history") == [(changed, 8_000_000)]


RANGES = [
    ("latitude", 28.3, 28.8, 0.01),
    ("longitude", 77.2, 77.6, 0.01),
    ("bhk", 0.5, 20, 0.5),
    ("bathrooms", 0, 30, 1),
    ("balconies", 0, 30, 1),
    ("area_sqft", 50, 1_000_000, 1),
    ("price", 500, 100_000_000_000, 1),
    ("floor_number", -3, 100, 1),
    ("total_floors", 0, 100, 1),
    ("age_years", 0, 150, 1),
    ("open_sides", 0, 4, 1),
    ("vastu_score", 0, 100, 1),
    ("vastu_coverage", 0, 100, 1),
    ("light_score", 0, 100, 1),
    ("light_coverage", 0, 100, 1),
]


@pytest.mark.parametrize(("column", "low", "high", "step"), RANGES)
async def test_numbers_stay_inside_their_range(session, column, low, high, step):
    await add(session)
    change = f"UPDATE properties SET {column} = :value"
    inside = [await refused(session, change, value=value) for value in (low, high)]
    outside = [await refused(session, change, value=value) for value in (low - step, high + step)]
    assert (inside, outside) == ([None, None], [f"ck_properties_{column}"] * 2)


@pytest.mark.parametrize("column", ["view_count", "inquiry_count", "version"])
async def test_counters_never_fall_below_their_start(session, column):
    await add(session)
    change = f"UPDATE properties SET {column} = -1"
    assert await refused(session, change) == f"ck_properties_{column}"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("bhk = 2.2", "bhk"),
        ("latitude = NULL", "coordinates"),
        ("floor_number = 5, total_floors = 4", "floor_in_building"),
        ("property_type = 'plot'", "plot_without_bhk"),
        ("property_type = 'castle'", "property_type"),
        ("listing_type = 'lease'", "listing_type"),
        ("area_basis = 'plot'", "area_basis"),
        ("furnishing_status = 'lavish'", "furnishing_status"),
        ("possession_status = 'soon'", "possession_status"),
        ("state = 'gone'", "state"),
        ("vastu_source = 'astrologer'", "vastu_source"),
        ("light_source = 'photo'", "light_source"),
        ("facing_direction = 'up'", "facing_direction"),
        ("pooja_direction = 'North'", "pooja_direction"),
    ],
)
async def test_a_row_that_means_nothing_is_refused(session, change, constraint):
    await add(session)
    assert await refused(session, f"UPDATE properties SET {change}") == f"ck_properties_{constraint}"


@pytest.mark.parametrize("change", ["locality = 'Atlantis'", "sector = '999'"])
async def test_a_property_lies_in_a_sector_that_we_know(session, change):
    await add(session)
    column = change.split()[0]
    assert await refused(session, f"UPDATE properties SET {change}") == f"fk_properties_{column}"


@pytest.mark.parametrize("column", ["external_ref", "fingerprint"])
async def test_a_property_is_taken_in_once(session, column):
    await add(session, **{column: "same"})
    second = await add(session, **{column: None})
    await add(session, **{column: None})
    change = f"UPDATE properties SET {column} = 'same' WHERE id = :key"
    assert await refused(session, change, key=second) == f"uq_properties_{column}"


ADD_PICTURE = """
    INSERT INTO property_images (property_id, original_url, width, height, content_hash, is_primary)
    VALUES (:key, '/media/b.webp', 800, 600, :hash, :first)
"""


async def test_a_property_has_one_primary_picture(session):
    one, other = await add(session), await add(session)
    await add_picture(session, one, is_primary=True)
    second = {"hash": "another", "first": True}
    assert await refused(session, ADD_PICTURE, key=one, **second) == "uq_property_images_primary"
    assert await refused(session, ADD_PICTURE, key=one, hash="another", first=False) is None
    assert await refused(session, ADD_PICTURE, key=other, **second) is None


async def test_a_property_shows_no_picture_twice(session):
    one, other = await add(session), await add(session)
    await add_picture(session, one, content_hash="same")
    again = {"hash": "same", "first": False}
    constraint = "uq_property_images_property_id_content_hash"
    assert await refused(session, ADD_PICTURE, key=one, **again) == constraint
    assert await refused(session, ADD_PICTURE, key=other, **again) is None


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("width = 0", "width"),
        ("width = 12001", "width"),
        ("height = 0", "height"),
        ("height = 12001", "height"),
        ("display_order = -1", "display_order"),
        ("attempts = -1", "attempts"),
        ("image_type = 'video'", "image_type"),
        ("enhancement_status = 'lost'", "enhancement_status"),
    ],
)
async def test_a_picture_that_means_nothing_is_refused(session, change, constraint):
    await add_picture(session, await add(session))
    answer = await refused(session, f"UPDATE property_images SET {change}")
    assert answer == f"ck_property_images_{constraint}"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [("label = NULL", "label_or_reason"), ("label = 'bargain'", "label"), ("n = -1", "n")],
)
async def test_without_a_label_there_is_a_reason(session, change, constraint):
    await add_label(session, await add(session))
    answer = await refused(session, f"UPDATE property_market SET {change}")
    assert answer == f"ck_property_market_{constraint}"


async def test_an_address_has_one_account_whatever_its_case(session):
    account = """
        INSERT INTO users (email, hashed_password, full_name, role) VALUES (:email, 'x', 'Asha', 'admin')
    """
    assert await refused(session, account, email="asha@example.in") is None
    assert await refused(session, account, email="Asha@Example.IN") == "uq_users_email"
    assert await refused(session, account, email="ashok@example.in") is None


async def test_an_alias_has_one_live_generation(session):
    generation = """
        INSERT INTO index_generations (name, alias, schema_hash, state) VALUES (:name, :alias, 'x', :state)
    """
    first = await refused(session, generation, name="a-1", alias="a", state="live")
    second = await refused(session, generation, name="a-2", alias="a", state="live")
    building = await refused(session, generation, name="a-3", alias="a", state="building")
    elsewhere = await refused(session, generation, name="b-1", alias="b", state="live")
    assert [first, second, building, elsewhere] == [None, "uq_index_generations_live", None, None]


async def test_a_sector_has_a_whole_centre_or_none(session):
    change = "UPDATE sectors SET confidence = NULL WHERE sector = '62'"
    assert await refused(session, change) == "ck_sectors_centre"


async def test_a_segment_of_homes_without_bedrooms_is_stored_once(session):
    segment = """
        INSERT INTO market_segments
            (locality, property_type, listing_type, area_basis, bhk, n, p25, median, p75)
        VALUES ('Sector 62', 'plot', 'sale', 'super', NULL, 9, 1, 2, 3)
    """
    assert await refused(session, segment) is None
    assert await refused(session, segment) == "uq_market_segments_key"


@pytest.mark.parametrize(
    ("phone", "status", "lost_reason", "constraint"),
    [
        ("+919876543210", "new", None, None),
        ("+919876543210", "lost", "bought elsewhere", None),
        ("9876543210", "new", None, "ck_inquiries_phone_e164"),
        ("+0919876543", "new", None, "ck_inquiries_phone_e164"),
        ("+919876543210", "lost", None, "ck_inquiries_lost_has_reason"),
    ],
)
async def test_a_lead_can_be_called_and_a_lost_one_says_why(session, phone, status, lost_reason, constraint):
    inquiry = """
        INSERT INTO inquiries (property_id, full_name, phone, status, lost_reason,
                               consent_text_version, consented_at)
        VALUES (:key, 'Asha', :phone, :status, :lost_reason, '1', now())
    """
    key = await add(session)
    answer = await refused(session, inquiry, key=key, phone=phone, status=status, lost_reason=lost_reason)
    assert answer == constraint


async def test_no_dead_letter_was_tried_less_than_once(session):
    letter = """
        INSERT INTO search_dead_letters (property_id, revision, error_type, reason, attempts)
        VALUES (:key, 1, 'x', 'x', 0)
    """
    assert await refused(session, letter, key=uuid4()) == "ck_search_dead_letters_attempts"


@pytest.mark.parametrize(
    ("price", "area_sqft", "rounded"),
    [
        (10_000, 100, 100),
        (10_049, 100, 100),
        (10_050, 100, 101),
        (10_051, 100, 101),
        (75_749, 101, 750),  # 749.99
        (25_250, 101, 250),
        (25_301, 101, 251),  # 250.505
        (25_300, 101, 250),  # 250.495
        (100_000_000_000, 50, 2_000_000_000),
        (500, 1_000_000, 0),
    ],
)
async def test_a_price_per_sqft_is_rounded_half_up(session, price, area_sqft, rounded):
    await add(session, price=price, area_sqft=area_sqft)
    assert await ask(session, "SELECT price_per_sqft FROM properties") == [(rounded,)]


@pytest.mark.parametrize(
    ("state", "is_active"),
    [
        ("draft", False),
        ("active", True),
        ("under_offer", True),
        ("inactive", False),
        ("sold", False),
        ("expired", False),
        ("deleted", False),
    ],
)
async def test_what_is_offered_follows_from_the_state(session, state, is_active):
    await add(session, state=state)
    assert await ask(session, "SELECT is_active FROM properties") == [(is_active,)]
