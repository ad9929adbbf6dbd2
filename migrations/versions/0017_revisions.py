"""Draw revisions from one sequence, so that a new one is greater than all earlier ones."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

HEADROOM = 1_000_000
"""Until now each property had a separate counter, so a tombstone in the index may have a revision above
those of all remaining rows. No property was changed this often."""

BEGIN = f"""
CREATE SEQUENCE search_revisions AS bigint;
SELECT setval('search_revisions', max(revision) + {HEADROOM})
FROM (
    SELECT revision FROM properties
    UNION ALL SELECT revision FROM search_outbox
    UNION ALL SELECT revision FROM search_dead_letters
    UNION ALL SELECT 0 FROM index_generations
) known
HAVING count(*) > 0;
"""

DRAW = """
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

UNDO = """
DROP TRIGGER draw_revision_inserted ON properties;
DROP TRIGGER draw_revision_updated ON properties;
DROP FUNCTION properties_draw_revision;
"""


def owe_indexing(tombstone: str) -> str:
    """Return the trigger function; `tombstone` is the SQL expression for the revision of a deletion."""
    awaited = "coalesce(current_setting('casabricks.awaited', true), '') = 'on'"
    return f"""
CREATE OR REPLACE FUNCTION properties_owe_indexing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO search_outbox (property_id, revision, awaited) SELECT id, revision, {awaited} FROM new_rows;
    ELSIF tg_op = 'UPDATE' THEN
        INSERT INTO search_outbox (property_id, revision, awaited)
        SELECT n.id, n.revision, {awaited} FROM new_rows n JOIN old_rows o USING (id) WHERE n.revision <> o.revision;
    ELSE
        INSERT INTO search_outbox (property_id, revision, deleted, awaited)
        SELECT id, {tombstone}, true, {awaited} FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(BEGIN)
    op.execute(DRAW)
    op.execute(owe_indexing("nextval('search_revisions')"))
    op.alter_column("properties", "revision", server_default=None)


def downgrade() -> None:
    op.alter_column("properties", "revision", server_default=sa.text("1"))
    op.execute(owe_indexing("revision + 1"))
    op.execute(UNDO)
    op.execute("DROP SEQUENCE search_revisions")
