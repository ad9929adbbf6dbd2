"""Insert the sectors of Noida; coordinates only where they are known."""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FACTS = Path(__file__).parents[2] / "schemas" / "data" / "sectors.csv"

sectors = sa.table(
    "sectors",
    sa.column("sector", sa.Text),
    sa.column("locality", sa.Text),
    sa.column("latitude", sa.Float),
    sa.column("longitude", sa.Float),
    sa.column("confidence", sa.Text),
)


def upgrade() -> None:
    with FACTS.open(newline="") as facts:
        rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(facts)]
    op.bulk_insert(sectors, rows)


def downgrade() -> None:
    op.execute("DELETE FROM sectors")
