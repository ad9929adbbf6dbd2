"""Bookkeeping of the search index: what is to be indexed, what was refused, and which indexes there are.

It comes before the properties, because their triggers write into it.
"""

from alembic import op

revision = "03"
down_revision = "02"
branch_labels = None
depends_on = None

# No column owns the sequence, so emptying a table does not reset it.
REVISIONS = "CREATE SEQUENCE search_revisions AS bigint"

# The property is no foreign key: the row outlives a property that is deleted permanently.
# Rows live for milliseconds, so a scale factor relative to the table size makes no sense. Each claim scans
# over dead rows, so a thousand of them justify a vacuum. There is never anything to analyze.
OUTBOX = """
CREATE TABLE search_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_search_outbox PRIMARY KEY,
    property_id uuid NOT NULL,
    revision bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    created_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    awaited boolean DEFAULT false NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX ix_search_outbox_claim ON search_outbox (awaited DESC, id);
CREATE INDEX ix_search_outbox_property_id ON search_outbox (property_id);
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

DEAD_LETTERS = """
CREATE TABLE search_dead_letters (
    property_id uuid CONSTRAINT pk_search_dead_letters PRIMARY KEY,
    revision bigint NOT NULL,
    error_type text NOT NULL,
    reason text NOT NULL,
    failed_at timestamptz DEFAULT now() NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    CONSTRAINT ck_search_dead_letters_attempts CHECK (attempts >= 1)
);
"""

GENERATIONS = """
CREATE TABLE index_generations (
    name text CONSTRAINT pk_index_generations PRIMARY KEY,
    alias text NOT NULL,
    schema_hash text NOT NULL,
    state text NOT NULL,
    cursor jsonb DEFAULT '{}' NOT NULL,
    counts jsonb DEFAULT '{}' NOT NULL,
    started_at timestamptz DEFAULT now() NOT NULL,
    heartbeat timestamptz DEFAULT now() NOT NULL,
    live_at timestamptz,
    retained_at timestamptz,
    error text,
    CONSTRAINT ck_index_generations_state
        CHECK (state IN ('building', 'verifying', 'live', 'retained', 'stale', 'dropped', 'failed'))
);
CREATE UNIQUE INDEX uq_index_generations_live ON index_generations (alias) WHERE state = 'live';
"""


def upgrade() -> None:
    op.execute(REVISIONS)
    op.execute(OUTBOX)
    op.execute(WAKE_DRAINS)
    op.execute(DEAD_LETTERS)
    op.execute(GENERATIONS)


def downgrade() -> None:
    op.execute("DROP TABLE index_generations, search_dead_letters, search_outbox")
    op.execute("DROP FUNCTION search_outbox_wake_drains")
    op.execute("DROP SEQUENCE search_revisions")
