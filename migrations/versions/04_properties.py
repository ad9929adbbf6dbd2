"""Properties, and the rules that the database keeps for every writer.

- A change to a listing's document draws a new revision and adds an outbox row for the indexer.
- A change that clients may follow is noted with its transaction.

The rules are triggers and not application code, so that plain SQL, bulk jobs and handlers all have the same
effect. Except for the revision, they run once per statement, so an import of ten thousand rows fires them
once.
"""

from alembic import op

revision = "04"
down_revision = "03"
branch_labels = None
depends_on = None

DIRECTION = "IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')"
SEARCH_WORDS = (
    "array_to_tsvector(array_remove(regexp_split_to_array("
    "lower(left(title || ' ' || coalesce(society, '') || ' ' || coalesce(external_ref, ''), 510)"
    " COLLATE pg_c_utf8),"
    r" '[\s!-/:-@[-`{-~]+'), ''))"
)

PROPERTIES = f"""
CREATE TABLE properties (
    id uuid DEFAULT uuidv7() CONSTRAINT pk_properties PRIMARY KEY,
    external_ref text CONSTRAINT uq_properties_external_ref UNIQUE,
    fingerprint text,
    title text NOT NULL,
    description text DEFAULT '' NOT NULL,
    society text,
    locality text NOT NULL
        CONSTRAINT fk_properties_locality REFERENCES sectors (locality) ON UPDATE CASCADE,
    sector text NOT NULL
        CONSTRAINT fk_properties_sector REFERENCES sectors (sector) ON UPDATE CASCADE,
    latitude double precision,
    longitude double precision,
    location_approximate boolean DEFAULT false NOT NULL,
    property_type text NOT NULL,
    listing_type text NOT NULL,
    bhk double precision,
    bathrooms integer,
    balconies integer,
    area_sqft integer NOT NULL,
    area_basis text NOT NULL,
    price bigint NOT NULL,
    price_per_sqft bigint NOT NULL GENERATED ALWAYS AS ((price + area_sqft / 2) / area_sqft) STORED,
    furnishing_status text,
    floor_number integer,
    total_floors integer,
    age_years integer,
    possession_status text,
    facing_direction text,
    entrance_direction text,
    kitchen_direction text,
    master_bedroom_direction text,
    pooja_direction text,
    toilet_direction text,
    balcony_direction text,
    open_sides integer,
    vastu_score integer,
    vastu_coverage integer,
    vastu_source text,
    light_score integer,
    light_coverage integer,
    light_source text,
    state text DEFAULT 'draft' NOT NULL,
    is_active boolean NOT NULL
        GENERATED ALWAYS AS (state = ANY (ARRAY['active'::text, 'under_offer'::text])) STORED,
    listed_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz,
    view_count integer DEFAULT 0 NOT NULL,
    inquiry_count integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    revision bigint NOT NULL,  -- drawn by a trigger
    created_by uuid CONSTRAINT fk_properties_created_by REFERENCES users (id),
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    search tsvector GENERATED ALWAYS AS ({SEARCH_WORDS}) STORED,
    vastu_rules_version integer,
    vastu_set_by uuid CONSTRAINT fk_properties_vastu_set_by REFERENCES users (id),
    vastu_set_at timestamptz,
    light_set_by uuid CONSTRAINT fk_properties_light_set_by REFERENCES users (id),
    light_set_at timestamptz,

    CONSTRAINT ck_properties_property_type CHECK (property_type IN
        ('apartment', 'builder_floor', 'independent_house', 'villa', 'penthouse', 'studio', 'plot')),
    CONSTRAINT ck_properties_listing_type CHECK (listing_type IN ('sale', 'rent')),
    CONSTRAINT ck_properties_area_basis CHECK (area_basis IN ('carpet', 'built_up', 'super')),
    CONSTRAINT ck_properties_furnishing_status
        CHECK (furnishing_status IN ('unfurnished', 'semi_furnished', 'furnished')),
    CONSTRAINT ck_properties_possession_status
        CHECK (possession_status IN ('ready_to_move', 'under_construction')),
    CONSTRAINT ck_properties_state
        CHECK (state IN ('draft', 'active', 'under_offer', 'inactive', 'sold', 'expired', 'deleted')),
    CONSTRAINT ck_properties_facing_direction CHECK (facing_direction {DIRECTION}),
    CONSTRAINT ck_properties_entrance_direction CHECK (entrance_direction {DIRECTION}),
    CONSTRAINT ck_properties_kitchen_direction CHECK (kitchen_direction {DIRECTION}),
    CONSTRAINT ck_properties_master_bedroom_direction CHECK (master_bedroom_direction {DIRECTION}),
    CONSTRAINT ck_properties_pooja_direction CHECK (pooja_direction {DIRECTION}),
    CONSTRAINT ck_properties_toilet_direction CHECK (toilet_direction {DIRECTION}),
    CONSTRAINT ck_properties_balcony_direction CHECK (balcony_direction {DIRECTION}),
    CONSTRAINT ck_properties_vastu_source CHECK (vastu_source IN ('computed', 'manual')),
    CONSTRAINT ck_properties_light_source CHECK (light_source IN ('computed', 'manual')),

    CONSTRAINT ck_properties_latitude CHECK (latitude BETWEEN 28.3 AND 28.8),
    CONSTRAINT ck_properties_longitude CHECK (longitude BETWEEN 77.2 AND 77.6),
    CONSTRAINT ck_properties_coordinates CHECK (num_nulls(latitude, longitude) IN (0, 2)),
    CONSTRAINT ck_properties_bhk CHECK (bhk BETWEEN 0.5 AND 20 AND bhk * 2 = trunc(bhk * 2)),
    CONSTRAINT ck_properties_plot_without_bhk CHECK (property_type <> 'plot' OR bhk IS NULL),
    CONSTRAINT ck_properties_bathrooms CHECK (bathrooms BETWEEN 0 AND 30),
    CONSTRAINT ck_properties_balconies CHECK (balconies BETWEEN 0 AND 30),
    CONSTRAINT ck_properties_area_sqft CHECK (area_sqft BETWEEN 50 AND 1000000),
    CONSTRAINT ck_properties_price CHECK (price BETWEEN 500 AND 100000000000),
    CONSTRAINT ck_properties_floor_number CHECK (floor_number BETWEEN -3 AND 100),
    CONSTRAINT ck_properties_total_floors CHECK (total_floors BETWEEN 0 AND 100),
    CONSTRAINT ck_properties_floor_in_building CHECK (floor_number <= total_floors),
    CONSTRAINT ck_properties_age_years CHECK (age_years BETWEEN 0 AND 150),
    CONSTRAINT ck_properties_open_sides CHECK (open_sides BETWEEN 0 AND 4),
    CONSTRAINT ck_properties_vastu_score CHECK (vastu_score BETWEEN 0 AND 100),
    CONSTRAINT ck_properties_vastu_coverage CHECK (vastu_coverage BETWEEN 0 AND 100),
    CONSTRAINT ck_properties_light_score CHECK (light_score BETWEEN 0 AND 100),
    CONSTRAINT ck_properties_light_coverage CHECK (light_coverage BETWEEN 0 AND 100),
    CONSTRAINT ck_properties_view_count CHECK (view_count >= 0),
    CONSTRAINT ck_properties_inquiry_count CHECK (inquiry_count >= 0),
    CONSTRAINT ck_properties_version CHECK (version >= 1),
    CONSTRAINT ck_properties_revision CHECK (revision >= 1)
);
CREATE UNIQUE INDEX uq_properties_fingerprint ON properties (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX ix_properties_bhk ON properties (bhk);
CREATE INDEX ix_properties_is_active ON properties (is_active);
CREATE INDEX ix_properties_latitude_longitude ON properties (latitude, longitude);
CREATE INDEX ix_properties_locality ON properties (locality);
CREATE INDEX ix_properties_price ON properties (price);
CREATE INDEX ix_properties_property_type ON properties (property_type);
CREATE INDEX ix_properties_search ON properties USING gin (search) WITH (fastupdate = off);
"""

LISTED_BY = ["created_at", "updated_at", "price", "area_sqft", "view_count", "inquiry_count"]
LISTED_WHERE = ["state", "listing_type", "property_type", "locality", "bhk", "created_by"]

# The lists that admins page through: a page's ids come from an index alone.
LIST_INDEXES = "\n".join(
    [
        f"CREATE INDEX ix_properties_list ON properties (id) INCLUDE ({', '.join(LISTED_BY + LISTED_WHERE)});",
        *(
            f"CREATE INDEX ix_properties_list_{column} ON properties ({column}, id)"
            " INCLUDE (state, listing_type, property_type);"
            for column in LISTED_BY
        ),
    ]
)

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


def row(alias: str) -> str:
    return "(" + ", ".join(f"{alias}.{name}" for name in DOCUMENT_COLUMNS) + ")"


BUMP_REVISION = f"""
CREATE FUNCTION properties_bump_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A statement that sets the revision itself only asks for a bump: nobody can set it back.
    IF new.id <> old.id THEN
        RAISE EXCEPTION 'a property keeps its id: its document is known by it' USING ERRCODE = '0A000';
    END IF;
    IF new.revision <> old.revision OR {row("new")} IS DISTINCT FROM {row("old")} THEN
        new.revision := old.revision + 1;
        new.updated_at := now();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER bump_revision BEFORE UPDATE ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_bump_revision();
"""

DRAW_REVISION = """
CREATE FUNCTION properties_draw_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.revision := nextval('search_revisions');
    RETURN new;
END $$;
-- A row that is put back brings a revision along, which its own tombstone has passed.
CREATE TRIGGER draw_revision_inserted BEFORE INSERT ON properties
    FOR EACH ROW EXECUTE FUNCTION properties_draw_revision();
-- Triggers fire in the order of their names: `bump_revision` has said by now that there is to be a new one.
-- The row is locked, so of two writers the later one draws the greater number.
CREATE TRIGGER draw_revision_updated BEFORE UPDATE ON properties
    FOR EACH ROW WHEN (new.revision <> old.revision) EXECUTE FUNCTION properties_draw_revision();
"""

AWAITED = "coalesce(current_setting('casabricks.awaited', true), '') = 'on'"

OWE_INDEXING = f"""
CREATE FUNCTION properties_owe_indexing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO search_outbox (property_id, revision, awaited) SELECT id, revision, {AWAITED} FROM new_rows;
    ELSIF tg_op = 'UPDATE' THEN
        INSERT INTO search_outbox (property_id, revision, awaited)
        SELECT n.id, n.revision, {AWAITED} FROM new_rows n JOIN old_rows o USING (id) WHERE n.revision <> o.revision;
    ELSE
        INSERT INTO search_outbox (property_id, revision, deleted, awaited)
        SELECT id, nextval('search_revisions'), true, {AWAITED} FROM old_rows;
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
"""

# TRUNCATE has no rows to tell the outbox about: the index would keep what they held.
REFUSE_TRUNCATE = """
CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE would leave its rows in the index: use DELETE' USING ERRCODE = '0A000';
END $$;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON properties
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
"""

# Called by the triggers of tables that are joined into the document.
TOUCH_PROPERTIES = """
CREATE FUNCTION touch_properties(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Locked in one order, so that two statements touching the same properties cannot deadlock.
    PERFORM FROM properties WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE properties SET revision = revision + 1 WHERE id = ANY (ids);
END $$;
"""

CHANGES = """
CREATE TABLE property_changes (
    property_id uuid CONSTRAINT pk_property_changes PRIMARY KEY,
    changed_in bigint NOT NULL,
    is_gone boolean DEFAULT false NOT NULL
);
CREATE INDEX ix_property_changes_changed_in ON property_changes (changed_in, property_id);
"""

NOTE_CHANGES = """
CREATE FUNCTION properties_note_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE this_one bigint := pg_current_xact_id()::text::bigint;
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO property_changes (property_id, changed_in) SELECT id, this_one FROM new_rows
        ON CONFLICT (property_id) DO UPDATE SET changed_in = this_one, is_gone = false;
    ELSIF tg_op = 'UPDATE' THEN
        -- Counts of views and inquiries are nobody's change.
        INSERT INTO property_changes (property_id, changed_in)
        SELECT n.id, this_one FROM new_rows n JOIN old_rows o USING (id)
        WHERE (n.revision, n.version) IS DISTINCT FROM (o.revision, o.version)
        ON CONFLICT (property_id) DO UPDATE SET changed_in = this_one
        WHERE property_changes.changed_in <> this_one;
    ELSE
        INSERT INTO property_changes (property_id, changed_in, is_gone) SELECT id, this_one, true FROM old_rows
        ON CONFLICT (property_id) DO UPDATE SET changed_in = this_one, is_gone = true;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_changes_inserted AFTER INSERT ON properties REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_note_changes();
CREATE TRIGGER note_changes_updated AFTER UPDATE ON properties
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_note_changes();
CREATE TRIGGER note_changes_deleted AFTER DELETE ON properties REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION properties_note_changes();
"""


def upgrade() -> None:
    op.execute(PROPERTIES)
    op.execute(LIST_INDEXES)
    op.execute(BUMP_REVISION)
    op.execute(DRAW_REVISION)
    op.execute(OWE_INDEXING)
    op.execute(REFUSE_TRUNCATE)
    op.execute(TOUCH_PROPERTIES)
    op.execute(CHANGES)
    op.execute(NOTE_CHANGES)


def downgrade() -> None:
    op.execute("DROP TABLE property_changes, properties")
    op.execute(
        "DROP FUNCTION properties_bump_revision, properties_draw_revision, properties_owe_indexing,"
        " properties_note_changes, refuse_truncate, touch_properties"
    )
