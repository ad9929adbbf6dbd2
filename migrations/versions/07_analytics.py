"""What visitors did: events, their counts per day, which outlive them, and the batches of views.

Views are counted in Redis and taken over in batches; a batch whose token is here has been counted.
"""

from alembic import op

revision = "07"
down_revision = "06"
branch_labels = None
depends_on = None

EVENTS = """
CREATE TABLE analytics_events (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_analytics_events PRIMARY KEY,
    event_type text NOT NULL,
    property_id uuid
        CONSTRAINT fk_analytics_events_property_id REFERENCES properties (id) ON DELETE SET NULL,
    event_data jsonb DEFAULT '{}' NOT NULL,
    session_id text,
    created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ix_analytics_events_created_at ON analytics_events (created_at);
CREATE INDEX ix_analytics_events_event_type ON analytics_events (event_type);
CREATE INDEX ix_analytics_events_property_id ON analytics_events (property_id);
"""

DAYS = """
CREATE TABLE analytics_days (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_analytics_days PRIMARY KEY,
    day date NOT NULL,
    event_type text NOT NULL,
    property_id uuid
        CONSTRAINT fk_analytics_days_property_id REFERENCES properties (id) ON DELETE CASCADE,
    kind text,
    n bigint NOT NULL,
    few bigint DEFAULT 0 NOT NULL,
    "none" bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ck_analytics_days_n CHECK (n >= 1)
);
CREATE UNIQUE INDEX uq_analytics_days_key ON analytics_days
    (day, event_type, property_id, kind) NULLS NOT DISTINCT;
CREATE INDEX ix_analytics_days_property_id ON analytics_days (property_id);
"""

VIEW_BATCHES = """
CREATE TABLE view_batches (
    token text CONSTRAINT pk_view_batches PRIMARY KEY,
    views integer NOT NULL,
    counted_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT ck_view_batches_views CHECK (views >= 0)
);
"""


def upgrade() -> None:
    op.execute(EVENTS)
    op.execute(DAYS)
    op.execute(VIEW_BATCHES)


def downgrade() -> None:
    op.execute("DROP TABLE view_batches, analytics_days, analytics_events")
