"""Indexes on the picture ids in image rows, to find stored objects that no row uses."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_property_images_original_picture": "original_url",
    "ix_property_images_enhanced_picture": "enhanced_url",
}


def upgrade() -> None:
    for name, column in INDEXES.items():
        shown = sa.text(f"\"substring\"({column}, 'img/([0-9a-f-]{{36}})/'::text)")
        op.create_index(name, "property_images", [shown])


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "property_images")
