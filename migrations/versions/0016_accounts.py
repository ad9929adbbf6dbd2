"""Property changes in an order that clients can follow; flag for passwords that must be changed."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

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
DROP = """
DROP TRIGGER note_changes_inserted ON properties;
DROP TRIGGER note_changes_updated ON properties;
DROP TRIGGER note_changes_deleted ON properties;
DROP FUNCTION properties_note_changes;
"""


def upgrade() -> None:
    op.create_table(
        "property_changes",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("property_id", name=op.f("pk_property_changes")),
    )
    op.create_index("ix_property_changes_changed_in", "property_changes", ["changed_in", "property_id"])
    # Triggers first, so that every later write is noted by its own transaction.
    op.execute(NOTE_CHANGES)
    op.execute("""
        INSERT INTO property_changes (property_id, changed_in)
        SELECT id, pg_current_xact_id()::text::bigint FROM properties ON CONFLICT DO NOTHING
    """)
    op.add_column(
        "users",
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("users", "must_change_password")
    op.execute(DROP)
    op.drop_table("property_changes")
