"""Leads: what a visitor asked, what happened since, and how many there are of each kind.

Personal data can be erased, events cannot, and the counts are kept by triggers: counting a million rows for
each page of a list would take longer than the rest of the request.
"""

from alembic import op

revision = "06"
down_revision = "05"
branch_labels = None
depends_on = None

SEARCH_WORDS = (
    "array_to_tsvector(array_remove(regexp_split_to_array("
    "lower((coalesce(full_name, '') || ' ' || split_part(coalesce(email, ''), '@', 1)) COLLATE pg_c_utf8),"
    r" '[\s!-/:-@[-`{-~]+'), ''))"
)

INQUIRIES = rf"""
CREATE TABLE inquiries (
    id uuid DEFAULT uuidv7() CONSTRAINT pk_inquiries PRIMARY KEY,
    property_id uuid NOT NULL CONSTRAINT fk_inquiries_property_id REFERENCES properties (id),
    full_name text,
    email text,
    phone text,
    message text DEFAULT '' NOT NULL,
    inquiry_type text DEFAULT 'general' NOT NULL,
    preferred_contact_time text,
    status text DEFAULT 'new' NOT NULL,
    lost_reason text,
    is_spam boolean DEFAULT false NOT NULL,
    assigned_to uuid CONSTRAINT fk_inquiries_assigned_to REFERENCES users (id),
    source text,
    user_agent text,
    ip_address inet,
    consent_text_version text NOT NULL,
    consented_at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    first_contacted_at timestamptz,
    first_contacted_by uuid CONSTRAINT fk_inquiries_first_contacted_by REFERENCES users (id),
    address_key text,
    erased_at timestamptz,
    first_contact_s integer
        GENERATED ALWAYS AS ((extract(epoch FROM first_contacted_at - created_at))::integer) STORED,
    search tsvector GENERATED ALWAYS AS ({SEARCH_WORDS}) STORED,
    CONSTRAINT ck_inquiries_inquiry_type CHECK (inquiry_type IN ('visit', 'callback', 'price', 'general')),
    CONSTRAINT ck_inquiries_status
        CHECK (status IN ('new', 'contacted', 'qualified', 'converted', 'lost')),
    CONSTRAINT ck_inquiries_lost_has_reason CHECK (status <> 'lost' OR lost_reason IS NOT NULL),
    CONSTRAINT ck_inquiries_phone_e164 CHECK (phone ~ '^\+[1-9][0-9]{{6,14}}$'),
    CONSTRAINT ck_inquiries_first_contact_s CHECK (first_contact_s >= 0),
    -- Somebody can be called, until nothing is left that says who it was.
    CONSTRAINT ck_inquiries_contact CHECK (erased_at IS NOT NULL OR num_nulls(full_name, phone) = 0),
    CONSTRAINT ck_inquiries_erased CHECK (erased_at IS NULL OR (
        message = ''
        AND num_nonnulls(full_name, email, phone, preferred_contact_time,
                         source, user_agent, ip_address, address_key) = 0
        AND coalesce(lost_reason, '(erased)') = '(erased)'))
);
CREATE INDEX ix_inquiries_property_id_created_at ON inquiries (property_id, created_at, id);
-- The pages of a list: the included columns are those that it filters or sorts by.
CREATE INDEX ix_inquiries_list ON inquiries
    (is_spam, created_at, id) INCLUDE (status, inquiry_type, assigned_to, first_contact_s);
CREATE INDEX ix_inquiries_list_status ON inquiries
    (is_spam, status, created_at, id) INCLUDE (inquiry_type, assigned_to, first_contact_s);
CREATE INDEX ix_inquiries_list_assigned_to ON inquiries
    (is_spam, assigned_to, created_at, id) INCLUDE (status, inquiry_type, first_contact_s);
CREATE INDEX ix_inquiries_list_waiting ON inquiries
    (is_spam, first_contact_s DESC, created_at, id) INCLUDE (status, inquiry_type, assigned_to);
CREATE INDEX ix_inquiries_list_status_waiting ON inquiries
    (is_spam, status, first_contact_s DESC, created_at, id) INCLUDE (inquiry_type, assigned_to);
-- What a colleague remembers of a person: words of the name, the beginning of an address, either end of a phone.
CREATE INDEX ix_inquiries_search ON inquiries USING gin (search) WITH (fastupdate = off);
CREATE INDEX ix_inquiries_email ON inquiries (lower(email) text_pattern_ops);
CREATE INDEX ix_inquiries_phone ON inquiries (phone text_pattern_ops);
CREATE INDEX ix_inquiries_phone_ending ON inquiries (reverse(phone) text_pattern_ops);
-- The rate limit, then the purge.
CREATE INDEX ix_inquiries_address_key_created_at ON inquiries (address_key, created_at);
CREATE INDEX ix_inquiries_updated_at ON inquiries (updated_at) WHERE erased_at IS NULL;
CREATE INDEX ix_inquiries_addressed ON inquiries (created_at)
    WHERE ip_address IS NOT NULL OR address_key IS NOT NULL;
"""

INQUIRY_EVENTS = """
CREATE TABLE inquiry_events (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_inquiry_events PRIMARY KEY,
    inquiry_id uuid NOT NULL
        CONSTRAINT fk_inquiry_events_inquiry_id REFERENCES inquiries (id) ON DELETE CASCADE,
    event_type text NOT NULL,
    event_data jsonb DEFAULT '{}' NOT NULL,
    actor_id uuid CONSTRAINT fk_inquiry_events_actor_id REFERENCES users (id),
    created_at timestamptz DEFAULT now() NOT NULL,
    address_key text,
    CONSTRAINT ck_inquiry_events_event_type
        CHECK (event_type IN ('status', 'assignment', 'note', 'message'))
);
CREATE INDEX ix_inquiry_events_inquiry_id ON inquiry_events (inquiry_id, id);
CREATE INDEX ix_inquiry_events_address_key_created_at ON inquiry_events (address_key, created_at)
    WHERE address_key IS NOT NULL;
"""

KEEP_EVENTS = """
CREATE FUNCTION inquiry_events_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What happened, when and by whom stays; only what it says of a person may be erased.
    IF tg_op = 'DELETE'
        OR (new.id, new.inquiry_id, new.event_type, new.actor_id, new.created_at)
            IS DISTINCT FROM (old.id, old.inquiry_id, old.event_type, old.actor_id, old.created_at)
        OR new.event_data NOT IN (old.event_data, '{"erased": true}')
        OR (new.address_key IS NOT NULL AND new.address_key IS DISTINCT FROM old.address_key)
    THEN
        RAISE EXCEPTION 'events of inquiries are append-only' USING ERRCODE = '0A000';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER keep_events BEFORE UPDATE OR DELETE ON inquiry_events
    FOR EACH ROW EXECUTE FUNCTION inquiry_events_are_kept();
"""

INQUIRY_COUNTS = """
CREATE TABLE inquiry_counts (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_inquiry_counts PRIMARY KEY,
    day date,
    is_spam boolean NOT NULL,
    status text NOT NULL,
    inquiry_type text NOT NULL,
    assigned_to uuid,
    n bigint NOT NULL
);
CREATE UNIQUE INDEX uq_inquiry_counts_kind ON inquiry_counts
    (day, is_spam, status, inquiry_type, assigned_to) NULLS NOT DISTINCT;
"""

KIND = ["day", "is_spam", "status", "inquiry_type", "assigned_to"]


def kinds(alias: str) -> str:
    day, *others = KIND
    return ", ".join(
        [f"({alias}.created_at AT TIME ZONE 'UTC')::date AS {day}", *(f"{alias}.{name}" for name in others)]
    )


def add_counts(changes: str) -> str:
    """Add changes to the count of each kind: one row per day, and one without a day for all days.

    Each row is updated once and in a fixed order, so that two statements cannot deadlock.
    """
    key = ", ".join(KIND)
    of_all_days = ", ".join(KIND[1:])
    return f"""
        INSERT INTO inquiry_counts AS c ({key}, n)
        SELECT {key}, sum(n) FROM ({changes}) AS changes
        GROUP BY GROUPING SETS (({key}), ({of_all_days})) HAVING sum(n) <> 0 ORDER BY {key}
        ON CONFLICT ({key}) DO UPDATE SET n = c.n + excluded.n;"""


ADDED = f"SELECT {kinds('r')}, 1 AS n FROM new_rows r"
CHANGED = f"{ADDED} UNION ALL SELECT {kinds('r')}, -1 FROM old_rows r"
REMOVED = f"SELECT {kinds('r')}, -1 AS n FROM old_rows r"

COUNT = f"""
CREATE FUNCTION inquiries_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN {add_counts(ADDED)}
    ELSIF tg_op = 'UPDATE' THEN {add_counts(CHANGED)}
    ELSE {add_counts(REMOVED)}
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_inserted AFTER INSERT ON inquiries REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION inquiries_count();
CREATE TRIGGER count_updated AFTER UPDATE ON inquiries
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION inquiries_count();
CREATE TRIGGER count_deleted AFTER DELETE ON inquiries REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION inquiries_count();
"""


def upgrade() -> None:
    op.execute(INQUIRIES)
    op.execute(INQUIRY_EVENTS)
    op.execute(KEEP_EVENTS)
    op.execute(INQUIRY_COUNTS)
    op.execute(COUNT)


def downgrade() -> None:
    op.execute("DROP TABLE inquiry_counts, inquiry_events, inquiries")
    op.execute("DROP FUNCTION inquiries_count, inquiry_events_are_kept")
