"""What is shown with a property: pictures with their enhancement, prices over time and against the market.

Pictures and market labels are joined into the property's document, so both have the same triggers: a change
draws a new revision for the property. The tables share a revision so that those triggers are written once.
"""

from alembic import op

revision = "05"
down_revision = "04"
branch_labels = None
depends_on = None

IMAGES = """
CREATE TABLE property_images (
    id uuid DEFAULT uuidv7() CONSTRAINT pk_property_images PRIMARY KEY,
    property_id uuid NOT NULL
        CONSTRAINT fk_property_images_property_id REFERENCES properties (id) ON DELETE CASCADE,
    original_url text NOT NULL,
    enhanced_url text,
    thumbnail_url text,
    image_type text DEFAULT 'photo' NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    display_order integer DEFAULT 0 NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    content_hash text NOT NULL,
    enhancement_status text DEFAULT 'none' NOT NULL,
    ai_job_id text,
    attempts integer DEFAULT 0 NOT NULL,
    requested_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    enhancement_due_at timestamptz,
    enhancement_tries integer DEFAULT 0 NOT NULL,
    enhancement_result_url text,
    enhancement_error text,
    CONSTRAINT uq_property_images_property_id_content_hash UNIQUE (property_id, content_hash),
    CONSTRAINT ck_property_images_image_type
        CHECK (image_type IN ('photo', 'floor_plan', 'exterior', 'interior')),
    CONSTRAINT ck_property_images_display_order CHECK (display_order >= 0),
    CONSTRAINT ck_property_images_width CHECK (width BETWEEN 1 AND 12000),
    CONSTRAINT ck_property_images_height CHECK (height BETWEEN 1 AND 12000),
    CONSTRAINT ck_property_images_enhancement_status CHECK (enhancement_status IN
        ('none', 'pending', 'processing', 'completed', 'failed', 'timeout')),
    CONSTRAINT ck_property_images_attempts CHECK (attempts >= 0),
    CONSTRAINT ck_property_images_enhancement_tries CHECK (enhancement_tries >= 0),
    CONSTRAINT ck_property_images_result_while_processing
        CHECK (enhancement_result_url IS NULL OR enhancement_status = 'processing')
);
CREATE UNIQUE INDEX uq_property_images_primary ON property_images (property_id) WHERE is_primary;
CREATE INDEX ix_property_images_property_id ON property_images (property_id);
CREATE INDEX ix_property_images_enhancement_status ON property_images (enhancement_status);
CREATE INDEX ix_property_images_enhancement_due_at ON property_images (enhancement_due_at)
    WHERE enhancement_due_at IS NOT NULL;
CREATE INDEX ix_property_images_ai_job_id ON property_images (ai_job_id);
-- The picture's id in a URL, to find stored objects that no row uses.
CREATE INDEX ix_property_images_original_picture ON property_images
    ("substring"(original_url, 'img/([0-9a-f-]{36})/'::text));
CREATE INDEX ix_property_images_enhanced_picture ON property_images
    ("substring"(enhanced_url, 'img/([0-9a-f-]{36})/'::text));
"""

PRICE_HISTORY = """
CREATE TABLE price_history (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_price_history PRIMARY KEY,
    property_id uuid NOT NULL
        CONSTRAINT fk_price_history_property_id REFERENCES properties (id) ON DELETE CASCADE,
    old_price bigint,
    new_price bigint NOT NULL,
    changed_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ix_price_history_property_id_changed_at ON price_history (property_id, changed_at);
"""

PROPERTY_MARKET = """
CREATE TABLE property_market (
    property_id uuid CONSTRAINT pk_property_market PRIMARY KEY
        CONSTRAINT fk_property_market_property_id REFERENCES properties (id) ON DELETE CASCADE,
    level text,
    n integer NOT NULL,
    median bigint,
    delta_pct numeric(6, 1),
    label text,
    reason text,
    as_of timestamptz DEFAULT now() NOT NULL,
    method text NOT NULL,
    CONSTRAINT ck_property_market_n CHECK (n >= 0),
    CONSTRAINT ck_property_market_label
        CHECK (label IN ('great', 'good', 'fair', 'above', 'high', 'check_price')),
    CONSTRAINT ck_property_market_label_or_reason CHECK (label IS NOT NULL OR reason IS NOT NULL)
);
CREATE INDEX ix_property_market_withdrawn ON property_market (property_id) WHERE reason = 'recalculating';
"""

MARKET_SEGMENTS = """
CREATE TABLE market_segments (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_market_segments PRIMARY KEY,
    locality text NOT NULL
        CONSTRAINT fk_market_segments_locality REFERENCES sectors (locality) ON UPDATE CASCADE,
    property_type text NOT NULL,
    listing_type text NOT NULL,
    area_basis text NOT NULL,
    bhk double precision,
    n integer NOT NULL,
    p25 bigint NOT NULL,
    median bigint NOT NULL,
    p75 bigint NOT NULL,
    as_of timestamptz DEFAULT now() NOT NULL,
    every_bhk boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_market_segments_property_type CHECK (property_type IN
        ('apartment', 'builder_floor', 'independent_house', 'villa', 'penthouse', 'studio', 'plot')),
    CONSTRAINT ck_market_segments_listing_type CHECK (listing_type IN ('sale', 'rent')),
    CONSTRAINT ck_market_segments_area_basis CHECK (area_basis IN ('carpet', 'built_up', 'super')),
    CONSTRAINT ck_market_segments_n CHECK (n >= 1)
);
CREATE UNIQUE INDEX uq_market_segments_key ON market_segments
    (locality, property_type, listing_type, area_basis, bhk, every_bhk) NULLS NOT DISTINCT;
"""

MARKET_QUALITY = """
CREATE TABLE market_quality (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_market_quality PRIMARY KEY,
    listing_type text NOT NULL,
    listings integer NOT NULL,
    compared integer NOT NULL,
    median_error_pct numeric(6, 1),
    within_5 numeric(6, 1),
    within_10 numeric(6, 1),
    within_20 numeric(6, 1),
    method text NOT NULL,
    as_of timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_market_quality_listing_type CHECK (listing_type IN ('sale', 'rent'))
);
CREATE INDEX ix_market_quality_as_of ON market_quality (as_of);
"""

IMAGE_COLUMNS = [
    "property_id",
    "original_url",
    "enhanced_url",
    "thumbnail_url",
    "is_primary",
    "display_order",
]
MARKET_COLUMNS = ["label", "delta_pct"]
"""The columns of each table that the document shows."""
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
"""The columns of a property by which its price is compared."""


def changed(names: list[str]) -> str:
    new, old = ("(" + ", ".join(f"{alias}.{name}" for name in names) + ")" for alias in "no")
    return f"{new} IS DISTINCT FROM {old}"


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
        WHERE {changed(names)};
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
      AND {changed(PRICING_COLUMNS)};
    RETURN NULL;
END $$;
CREATE TRIGGER follow_pricing AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_follow_pricing();
"""


def upgrade() -> None:
    op.execute(IMAGES)
    op.execute(touch_owner("property_images", IMAGE_COLUMNS, key="id"))
    op.execute(PROPERTY_MARKET)
    op.execute(touch_owner("property_market", MARKET_COLUMNS, key="property_id"))
    op.execute(PRICE_HISTORY)
    op.execute(FOLLOW_PRICING)
    op.execute(MARKET_SEGMENTS)
    op.execute(MARKET_QUALITY)


def downgrade() -> None:
    op.execute("DROP TRIGGER follow_pricing ON properties")
    op.execute("DROP TABLE market_quality, market_segments, price_history, property_market, property_images")
    op.execute(
        "DROP FUNCTION properties_follow_pricing, property_market_touch_property, property_images_touch_property"
    )
