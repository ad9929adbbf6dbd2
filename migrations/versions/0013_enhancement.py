"""Enhancement columns: when the next attempt is due, number of tries, result URL, error."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = "property_images"
DUE = "ix_property_images_enhancement_due_at"
RESULT = "ck_property_images_result_while_processing"
TRIES = "ck_property_images_enhancement_tries"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("enhancement_due_at", sa.DateTime(timezone=True), nullable=True))
    tries = sa.Column("enhancement_tries", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column(TABLE, tries)
    op.add_column(TABLE, sa.Column("enhancement_result_url", sa.Text(), nullable=True))
    op.add_column(TABLE, sa.Column("enhancement_error", sa.Text(), nullable=True))
    op.create_check_constraint(op.f(TRIES), TABLE, "enhancement_tries >= 0")
    op.create_check_constraint(
        op.f(RESULT), TABLE, "enhancement_result_url IS NULL OR enhancement_status = 'processing'"
    )
    due = sa.text("enhancement_due_at IS NOT NULL")
    op.create_index(DUE, TABLE, ["enhancement_due_at"], postgresql_where=due)


def downgrade() -> None:
    op.drop_index(DUE, TABLE)
    op.drop_constraint(op.f(RESULT), TABLE)
    op.drop_constraint(op.f(TRIES), TABLE)
    for column in ("enhancement_error", "enhancement_result_url", "enhancement_tries", "enhancement_due_at"):
        op.drop_column(TABLE, column)
