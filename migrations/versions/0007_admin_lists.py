"""Indexes for the lists that admins page through."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTED_BY = ("created_at", "updated_at", "price", "area_sqft", "view_count", "inquiry_count")
LISTED_WHERE = ("state", "listing_type", "property_type", "locality", "bhk", "created_by")


def upgrade() -> None:
    for column in LISTED_BY:
        op.create_index(
            f"ix_properties_list_{column}",
            "properties",
            [column, "id"],
            postgresql_include=["state", "listing_type", "property_type"],
        )
    op.create_index(
        "ix_properties_list", "properties", ["id"], postgresql_include=[*LISTED_BY, *LISTED_WHERE]
    )


def downgrade() -> None:
    op.drop_index("ix_properties_list", "properties")
    for column in LISTED_BY:
        op.drop_index(f"ix_properties_list_{column}", "properties")
