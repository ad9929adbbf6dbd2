"""The sectors of Noida, with the rows themselves: every property lies in one of them.

The rows are a copy of their own, 01_sectors.csv, because a revision must insert the same tomorrow as today.
schemas/data/sectors.csv is what the code knows today. Whoever changes it adds a revision that changes the
rows, and decides there what becomes of the properties of a sector that goes; a test compares the two.

Revisions have two digits. Databases from before the first release have four, so none is taken for another.
"""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "01"
down_revision = None
branch_labels = None
depends_on = None

SECTORS = """
CREATE TABLE sectors (
    sector text CONSTRAINT pk_sectors PRIMARY KEY,
    locality text NOT NULL CONSTRAINT uq_sectors_locality UNIQUE,
    latitude double precision,
    longitude double precision,
    confidence text,
    CONSTRAINT ck_sectors_latitude CHECK (latitude BETWEEN 28.3 AND 28.8),
    CONSTRAINT ck_sectors_longitude CHECK (longitude BETWEEN 77.2 AND 77.6),
    CONSTRAINT ck_sectors_confidence CHECK (confidence IN ('high', 'medium', 'low')),
    -- A centre that is not known is absent, never guessed.
    CONSTRAINT ck_sectors_centre CHECK (num_nulls(latitude, longitude, confidence) IN (0, 3))
);
"""

ROWS = Path(__file__).with_suffix(".csv")

sectors = sa.table(
    "sectors",
    sa.column("sector", sa.Text),
    sa.column("locality", sa.Text),
    sa.column("latitude", sa.Float),
    sa.column("longitude", sa.Float),
    sa.column("confidence", sa.Text),
)


def upgrade() -> None:
    op.execute(SECTORS)
    with ROWS.open(newline="") as rows:
        op.bulk_insert(
            sectors, [{key: value or None for key, value in row.items()} for row in csv.DictReader(rows)]
        )


def downgrade() -> None:
    op.execute("DROP TABLE sectors")
