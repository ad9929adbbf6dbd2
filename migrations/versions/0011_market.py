"""Quality of the market comparison, and an index of labels waiting to be recalculated."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    percents = ("median_error_pct", "within_5", "within_10", "within_20")
    op.create_table(
        "market_quality",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("listing_type", sa.Text(), nullable=False),
        sa.Column("listings", sa.Integer(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Numeric(6, 1), nullable=True) for name in percents),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("listing_type IN ('sale', 'rent')", name=op.f("ck_market_quality_listing_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_quality")),
    )
    op.create_index("ix_market_quality_as_of", "market_quality", ["as_of"])
    op.create_index(
        "ix_property_market_withdrawn",
        "property_market",
        ["property_id"],
        postgresql_where=sa.text("reason = 'recalculating'"),
    )


def downgrade() -> None:
    op.drop_index("ix_property_market_withdrawn", "property_market")
    op.drop_table("market_quality")
