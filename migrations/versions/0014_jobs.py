"""Job runs that can be taken over, view batches, events by day, all-bedroom segments, manual scores."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SEGMENT = ["locality", "property_type", "listing_type", "area_basis", "bhk"]


def upgrade() -> None:
    _runs()
    _views()
    _days()
    _segments()
    _scores()


def _runs() -> None:
    now = sa.text("now()")
    op.add_column(
        "job_runs", sa.Column("attempts", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column(
        "job_runs",
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
    )
    op.create_check_constraint(op.f("ck_job_runs_attempts"), "job_runs", "attempts >= 1")


def _views() -> None:
    op.create_table(
        "view_batches",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("views >= 0", name=op.f("ck_view_batches_views")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_view_batches")),
    )


def _days() -> None:
    op.create_table(
        "analytics_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("few", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("none", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("n >= 1", name=op.f("ck_analytics_days_n")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("fk_analytics_days_property_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_days")),
    )
    op.create_index(
        "uq_analytics_days_key",
        "analytics_days",
        ["day", "event_type", "property_id", "kind"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_analytics_days_property_id", "analytics_days", ["property_id"])


def _segments() -> None:
    op.drop_index("uq_market_segments_key", "market_segments")
    op.add_column(
        "market_segments",
        sa.Column("every_bhk", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    _key([*SEGMENT, "every_bhk"])


def _key(columns: list[str]) -> None:
    op.create_index(
        "uq_market_segments_key",
        "market_segments",
        columns,
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def _scores() -> None:
    op.add_column("properties", sa.Column("vastu_rules_version", sa.Integer(), nullable=True))
    for score in ("vastu", "light"):
        op.add_column("properties", sa.Column(f"{score}_set_by", sa.Uuid(), nullable=True))
        op.add_column("properties", sa.Column(f"{score}_set_at", sa.DateTime(timezone=True), nullable=True))
        name = op.f(f"fk_properties_{score}_set_by")
        op.create_foreign_key(name, "properties", "users", [f"{score}_set_by"], ["id"])


def downgrade() -> None:
    for score in ("vastu", "light"):
        op.drop_column("properties", f"{score}_set_at")
        op.drop_column("properties", f"{score}_set_by")
    op.drop_column("properties", "vastu_rules_version")
    op.execute("DELETE FROM market_segments WHERE every_bhk")
    op.drop_index("uq_market_segments_key", "market_segments")
    op.drop_column("market_segments", "every_bhk")
    _key(SEGMENT)
    op.drop_table("analytics_days")
    op.drop_table("view_batches")
    op.drop_column("job_runs", "heartbeat_at")
    op.drop_column("job_runs", "attempts")
