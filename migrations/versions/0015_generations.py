"""Awaited changes are indexed before the backlog of a bulk import."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def owe_indexing(columns: str, values: str) -> str:
    """Return the trigger function, with additional columns and values for the outbox rows."""
    return f"""
CREATE OR REPLACE FUNCTION properties_owe_indexing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO search_outbox (property_id, revision{columns}) SELECT id, revision{values} FROM new_rows;
    ELSIF tg_op = 'UPDATE' THEN
        INSERT INTO search_outbox (property_id, revision{columns})
        SELECT n.id, n.revision{values} FROM new_rows n JOIN old_rows o USING (id) WHERE n.revision <> o.revision;
    ELSE
        INSERT INTO search_outbox (property_id, revision, deleted{columns})
        SELECT id, revision + 1, true{values} FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.add_column(
        "search_outbox", sa.Column("awaited", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index("ix_search_outbox_claim", "search_outbox", [sa.text("awaited DESC"), "id"])
    op.execute(
        owe_indexing(", awaited", ", coalesce(current_setting('casabricks.awaited', true), '') = 'on'")
    )


def downgrade() -> None:
    op.execute(owe_indexing("", ""))
    op.drop_index("ix_search_outbox_claim", "search_outbox")
    op.drop_column("search_outbox", "awaited")
