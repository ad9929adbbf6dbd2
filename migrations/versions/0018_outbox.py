"""Outbox: frequent vacuum and an index by property. Generations that miss changes become stale."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STATES = ["building", "verifying", "live", "retained", "dropped", "failed"]
WITH_STALE = ["building", "verifying", "live", "retained", "stale", "dropped", "failed"]

# Rows live for milliseconds, so a scale factor relative to the table size makes no sense. Each claim scans
# over dead rows, so a thousand of them justify a vacuum. There is never anything to analyze.
CHURN = {
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 1000,
    "autovacuum_vacuum_insert_scale_factor": 0,
    "autovacuum_vacuum_insert_threshold": 10000,
    "autovacuum_vacuum_cost_delay": 0,
}


def states(names: list[str]) -> None:
    op.drop_constraint(op.f("ck_index_generations_state"), "index_generations")
    quoted = ", ".join(f"'{name}'" for name in names)
    op.create_check_constraint(
        op.f("ck_index_generations_state"), "index_generations", f"state IN ({quoted})"
    )


def upgrade() -> None:
    states(WITH_STALE)
    op.create_index("ix_search_outbox_property_id", "search_outbox", ["property_id"])
    chosen = ", ".join(f"{name} = {value}" for name, value in CHURN.items())
    op.execute(f"ALTER TABLE search_outbox SET ({chosen})")


def downgrade() -> None:
    op.execute(f"ALTER TABLE search_outbox RESET ({', '.join(CHURN)})")
    op.drop_index("ix_search_outbox_property_id", "search_outbox")
    op.execute("UPDATE index_generations SET state = 'failed' WHERE state = 'stale'")
    states(STATES)
