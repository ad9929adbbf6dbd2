"""Imports over HTTP: the file is stored with its job until the job is done."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_jobs", sa.Column("content", sa.LargeBinary(), nullable=True))
    op.add_column("import_jobs", sa.Column("total", sa.Integer(), nullable=True))
    op.create_index("ix_import_jobs_state", "import_jobs", ["state"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_import_jobs_state", table_name="import_jobs")
    op.drop_column("import_jobs", "total")
    op.drop_column("import_jobs", "content")
