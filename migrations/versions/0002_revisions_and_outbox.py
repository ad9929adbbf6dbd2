"""Triggers: every change to a listing's document bumps its revision and adds an outbox row for the indexer.

These are triggers and not application code, so that plain SQL, bulk jobs and handlers all have the same
effect. Except for the revision bump, they run once per statement, so an import of ten thousand rows fires
them once.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOCUMENT_COLUMNS = [
    "external_ref",
    "title",
    "description",
    "society",
    "locality",
    "sector",
    "latitude",
    "longitude",
    "location_approximate",
    "property_type",
    "listing_type",
    "bhk",
    "bathrooms",
    "balconies",
    "area_sqft",
    "area_basis",
    "price",
    "furnishing_status",
    "floor_number",
    "total_floors",
    "age_years",
    "possession_status",
    "facing_direction",
    "entrance_direction",
    "kitchen_direction",
    "master_bedroom_direction",
    "pooja_direction",
    "toilet_direction",
    "balcony_direction",
    "open_sides",
    "vastu_score",
    "vastu_coverage",
    "vastu_source",
    "light_score",
    "light_coverage",
    "light_source",
    "state",
    "listed_at",
    "expires_at",
]
"""Columns that can affect the document; the counters and the editors' `version` cannot."""

IMAGE_COLUMNS = [
    "property_id",
    "original_url",
    "enhanced_url",
    "thumbnail_url",
    "is_primary",
    "display_order",
]
MARKET_COLUMNS = ["label", "delta_pct"]
PRICING_COLUMNS = [
    "price",
    "area_sqft",
    "area_basis",
    "property_type",
    "listing_type",
    "bhk",
    "locality",
    "society",
]


def columns(alias: str, names: list[str]) -> str:
    return "(" + ", ".join(f"{alias}.{name}" for name in names) + ")"


def changed(names: list[str], new: str = "new", old: str = "old") -> str:
    return f"{columns(new, names)} IS DISTINCT FROM {columns(old, names)}"


BUMP_REVISION = f"""
CREATE FUNCTION properties_bump_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A statement that sets the revision itself only asks for a bump: nobody can set it back.
    IF new.id <> old.id THEN
        RAISE EXCEPTION 'a property keeps its id: its document is known by it' USING ERRCODE = '0A000';
    END IF;
    IF new.revision <> old.revision OR {changed(DOCUMENT_COLUMNS)} THEN
        new.revision := old.revision + 1;
        new.updated_at := now();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER bump_revision BEFORE UPDATE ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_bump_revision();
"""

OWE_INDEXING = """
CREATE FUNCTION properties_owe_indexing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO search_outbox (property_id, revision) SELECT id, revision FROM new_rows;
    ELSIF tg_op = 'UPDATE' THEN
        INSERT INTO search_outbox (property_id, revision)
        SELECT n.id, n.revision FROM new_rows n JOIN old_rows o USING (id) WHERE n.revision <> o.revision;
    ELSE
        INSERT INTO search_outbox (property_id, revision, deleted)
        SELECT id, revision + 1, true FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER owe_indexing_inserted AFTER INSERT ON properties REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_owe_indexing();
CREATE TRIGGER owe_indexing_updated AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_owe_indexing();
CREATE TRIGGER owe_indexing_deleted AFTER DELETE ON properties REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_owe_indexing();

-- TRUNCATE has no rows to tell the outbox about: the index would keep what they held.
CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE would leave its rows in the index: use DELETE' USING ERRCODE = '0A000';
END $$;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON properties
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
"""

WAKE_DRAINS = """
CREATE FUNCTION search_outbox_wake_drains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Empty payload: NOTIFY only wakes, the table says what to do. Nothing added, nobody woken.
    IF EXISTS (SELECT FROM added) THEN
        NOTIFY search_outbox;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER wake_drains AFTER INSERT ON search_outbox REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION search_outbox_wake_drains();
"""

TOUCH = """
CREATE FUNCTION touch_properties(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Locked in one order, so that two statements touching the same properties cannot deadlock.
    PERFORM FROM properties WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE properties SET revision = revision + 1 WHERE id = ANY (ids);
END $$;
"""


def touch_owner(table: str, names: list[str], key: str) -> str:
    """Return triggers for a table joined into the document: its changes bump the property's revision."""
    return f"""
CREATE FUNCTION {table}_touch_property() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids uuid[];
BEGIN
    IF tg_op = 'INSERT' THEN
        SELECT array_agg(DISTINCT property_id) INTO ids FROM new_rows;
    ELSIF tg_op = 'UPDATE' THEN
        SELECT array_agg(DISTINCT touched) INTO ids
        FROM new_rows n JOIN old_rows o USING ({key}),
             LATERAL (VALUES (n.property_id), (o.property_id)) owners (touched)
        WHERE {changed(names, "n", "o")};
    ELSE
        SELECT array_agg(DISTINCT property_id) INTO ids FROM old_rows;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM touch_properties(ids);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER touch_property_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_touch_property();
CREATE TRIGGER touch_property_updated AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_touch_property();
CREATE TRIGGER touch_property_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_touch_property();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
"""


FOLLOW_PRICING = f"""
CREATE FUNCTION properties_follow_pricing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO price_history (property_id, old_price, new_price)
    SELECT n.id, o.price, n.price FROM new_rows n JOIN old_rows o USING (id) WHERE n.price <> o.price;
    -- A label that was computed for another price must not be shown beside this one.
    UPDATE property_market m SET label = NULL, delta_pct = NULL, reason = 'recalculating'
    FROM new_rows n JOIN old_rows o USING (id)
    WHERE m.property_id = n.id AND m.reason IS DISTINCT FROM 'recalculating'
      AND {changed(PRICING_COLUMNS, "n", "o")};
    RETURN NULL;
END $$;
CREATE TRIGGER follow_pricing AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_follow_pricing();
"""

DROP = """
DROP TRIGGER bump_revision ON properties;
DROP TRIGGER owe_indexing_inserted ON properties;
DROP TRIGGER owe_indexing_updated ON properties;
DROP TRIGGER owe_indexing_deleted ON properties;
DROP TRIGGER refuse_truncate ON properties;
DROP TRIGGER refuse_truncate ON property_images;
DROP TRIGGER refuse_truncate ON property_market;
DROP TRIGGER follow_pricing ON properties;
DROP TRIGGER wake_drains ON search_outbox;
DROP TRIGGER touch_property_inserted ON property_images;
DROP TRIGGER touch_property_updated ON property_images;
DROP TRIGGER touch_property_deleted ON property_images;
DROP TRIGGER touch_property_inserted ON property_market;
DROP TRIGGER touch_property_updated ON property_market;
DROP TRIGGER touch_property_deleted ON property_market;
DROP FUNCTION properties_bump_revision, properties_owe_indexing, refuse_truncate,
    properties_follow_pricing, search_outbox_wake_drains, property_images_touch_property,
    property_market_touch_property, touch_properties(uuid[]);
"""


def upgrade() -> None:
    op.execute(BUMP_REVISION)
    op.execute(OWE_INDEXING)
    op.execute(WAKE_DRAINS)
    op.execute(TOUCH)
    op.execute(touch_owner("property_images", IMAGE_COLUMNS, key="id"))
    op.execute(touch_owner("property_market", MARKET_COLUMNS, key="property_id"))
    op.execute(FOLLOW_PRICING)


def downgrade() -> None:
    op.execute(DROP)
