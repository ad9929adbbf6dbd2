"""Leads: first contact, search, erasure, the key of the rate limit, counts maintained by triggers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEARCH_WORDS = (
    "array_to_tsvector(array_remove(regexp_split_to_array("
    "lower((coalesce(full_name, '') || ' ' || split_part(coalesce(email, ''), '@', 1)) COLLATE pg_c_utf8),"
    r" '[\s!-/:-@[-`{-~]+'), ''))"
)
FIRST_CONTACT_S = "(extract(epoch FROM first_contacted_at - created_at))::integer"

COLUMNS = {
    "first_contacted_at": "timestamptz",
    "first_contacted_by": "uuid CONSTRAINT fk_inquiries_first_contacted_by REFERENCES users (id)",
    "address_key": "text",
    "erased_at": "timestamptz",
    "first_contact_s": f"integer GENERATED ALWAYS AS ({FIRST_CONTACT_S}) STORED",
    "search": f"tsvector GENERATED ALWAYS AS ({SEARCH_WORDS}) STORED",
}

CHECKS = {
    "contact": "erased_at IS NOT NULL OR num_nulls(full_name, phone) = 0",
    "erased": "erased_at IS NULL OR (message = '' AND num_nonnulls(full_name, email, phone,"
    " preferred_contact_time, source, user_agent, ip_address, address_key) = 0"
    " AND coalesce(lost_reason, '(erased)') = '(erased)')",
    "first_contact_s": "first_contact_s >= 0",
}

INDEXES = {
    "property_id_created_at": "(property_id, created_at, id)",
    "list": "(is_spam, created_at, id) INCLUDE (status, inquiry_type, assigned_to, first_contact_s)",
    "list_status": "(is_spam, status, created_at, id) INCLUDE (inquiry_type, assigned_to, first_contact_s)",
    "list_assigned_to": "(is_spam, assigned_to, created_at, id) INCLUDE (status, inquiry_type, first_contact_s)",
    "list_waiting": "(is_spam, first_contact_s DESC, created_at, id) INCLUDE (status, inquiry_type, assigned_to)",
    "list_status_waiting": "(is_spam, status, first_contact_s DESC, created_at, id) INCLUDE (inquiry_type, assigned_to)",
    "search": "USING gin (search) WITH (fastupdate = off)",
    "email": "(lower(email) text_pattern_ops)",
    "phone": "(phone text_pattern_ops)",
    "phone_ending": "(reverse(phone) text_pattern_ops)",
    "address_key_created_at": "(address_key, created_at)",
    "updated_at": "(updated_at) WHERE erased_at IS NULL",
    "addressed": "(created_at) WHERE ip_address IS NOT NULL OR address_key IS NOT NULL",
}

REPLACED = {
    "status": "(status)",
    "property_id": "(property_id)",
    "created_at": "(created_at DESC)",
    "ip_address_created_at": "(ip_address, created_at)",
}
"""Indexes of 0001 that the new ones replace."""

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


COUNT = f"""
CREATE FUNCTION inquiries_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN {add_counts(f"SELECT {kinds('r')}, 1 AS n FROM new_rows r")}
    ELSIF tg_op = 'UPDATE' THEN {
    add_counts(
        f"SELECT {kinds('r')}, 1 AS n FROM new_rows r UNION ALL SELECT {kinds('r')}, -1 FROM old_rows r"
    )
}
    ELSE {add_counts(f"SELECT {kinds('r')}, -1 AS n FROM old_rows r")}
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

COUNT_THOSE_OF_BEFORE = add_counts(f"SELECT {kinds('r')}, 1 AS n FROM inquiries r")

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

# The earlier tables cannot hold erased inquiries, because name and phone were required.
DROP = """
DROP TRIGGER keep_events ON inquiry_events;
DROP TRIGGER count_inserted ON inquiries;
DROP TRIGGER count_updated ON inquiries;
DROP TRIGGER count_deleted ON inquiries;
DROP FUNCTION inquiry_events_are_kept, inquiries_count;
DELETE FROM inquiries WHERE erased_at IS NOT NULL;
"""


def upgrade() -> None:
    keep_keys()
    extend_inquiries()
    extend_events()
    op.create_table(
        "inquiry_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("is_spam", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("inquiry_type", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_counts")),
    )
    op.create_index(
        "uq_inquiry_counts_kind", "inquiry_counts", KIND, unique=True, postgresql_nulls_not_distinct=True
    )
    op.execute(COUNT)
    op.execute(COUNT_THOSE_OF_BEFORE)
    op.execute(KEEP_EVENTS)


def keep_keys() -> None:
    """Require a response: a key is now written with its response in one transaction."""
    op.execute("DELETE FROM idempotency_keys WHERE status IS NULL OR response IS NULL")
    op.alter_column("idempotency_keys", "status", nullable=False)
    op.alter_column("idempotency_keys", "response", nullable=False)
    op.add_column("idempotency_keys", sa.Column("entity_id", sa.Uuid(), nullable=True))
    op.create_index("ix_idempotency_keys_entity_id", "idempotency_keys", ["entity_id"], unique=False)


def extend_inquiries() -> None:
    for name, definition in COLUMNS.items():
        op.execute(f"ALTER TABLE inquiries ADD COLUMN {name} {definition}")
    op.alter_column("inquiries", "full_name", nullable=True)
    op.alter_column("inquiries", "phone", nullable=True)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_inquiries_{name}"), "inquiries", condition)
    for name in REPLACED:
        op.execute(f"DROP INDEX ix_inquiries_{name}")
    for name, definition in INDEXES.items():
        op.execute(f"CREATE INDEX ix_inquiries_{name} ON inquiries {definition}")


def extend_events() -> None:
    op.add_column("inquiry_events", sa.Column("address_key", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_inquiry_events_event_type"),
        "inquiry_events",
        "event_type IN ('status', 'assignment', 'note', 'message')",
    )
    op.create_index(
        "ix_inquiry_events_address_key_created_at",
        "inquiry_events",
        ["address_key", "created_at"],
        unique=False,
        postgresql_where=sa.text("address_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute(DROP)
    op.drop_table("inquiry_counts")
    op.drop_constraint(op.f("ck_inquiry_events_event_type"), "inquiry_events")
    op.drop_column("inquiry_events", "address_key")
    for name in INDEXES:
        op.execute(f"DROP INDEX ix_inquiries_{name}")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_inquiries_{name}"), "inquiries")
    for name in reversed(COLUMNS):
        op.drop_column("inquiries", name)
    op.alter_column("inquiries", "full_name", nullable=False)
    op.alter_column("inquiries", "phone", nullable=False)
    for name, definition in REPLACED.items():
        op.execute(f"CREATE INDEX ix_inquiries_{name} ON inquiries {definition}")
    op.drop_column("idempotency_keys", "entity_id")
    op.alter_column("idempotency_keys", "status", nullable=True)
    op.alter_column("idempotency_keys", "response", nullable=True)
