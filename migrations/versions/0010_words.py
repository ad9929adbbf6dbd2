"""Search words for the admins' list of properties."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEARCH_WORDS = (
    "array_to_tsvector(array_remove(regexp_split_to_array("
    "lower(left(title || ' ' || coalesce(society, '') || ' ' || coalesce(external_ref, ''), 510)"
    " COLLATE pg_c_utf8),"
    r" '[\s!-/:-@[-`{-~]+'), ''))"
)


def upgrade() -> None:
    op.execute(
        f"ALTER TABLE properties ADD COLUMN search tsvector GENERATED ALWAYS AS ({SEARCH_WORDS}) STORED"
    )
    op.create_index(
        "ix_properties_search",
        "properties",
        ["search"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )


def downgrade() -> None:
    op.drop_index("ix_properties_search", "properties")
    op.drop_column("properties", "search")
