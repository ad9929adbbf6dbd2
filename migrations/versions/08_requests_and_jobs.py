"""Work that must be done once: requests that are repeated, webhooks, imports and periodic jobs.

A request's key is written with its response in one transaction, so a key without a response cannot exist.
"""

from alembic import op

revision = "08"
down_revision = "07"
branch_labels = None
depends_on = None

IDEMPOTENCY_KEYS = """
CREATE TABLE idempotency_keys (
    scope text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    status integer NOT NULL,
    response bytea NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    entity_id uuid,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (scope, key)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_idempotency_keys_entity_id ON idempotency_keys (entity_id);
"""

WEBHOOK_DELIVERIES = """
CREATE TABLE webhook_deliveries (
    id text CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
    body_sha256 bytea NOT NULL,
    received_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ix_webhook_deliveries_received_at ON webhook_deliveries (received_at);
"""

IMPORT_JOBS = """
CREATE TABLE import_jobs (
    id uuid DEFAULT uuidv7() CONSTRAINT pk_import_jobs PRIMARY KEY,
    filename text NOT NULL,
    file_sha256 text NOT NULL,
    dry_run boolean NOT NULL,
    mapping jsonb DEFAULT '{}' NOT NULL,
    state text DEFAULT 'queued' NOT NULL,
    rows integer DEFAULT 0 NOT NULL,
    created integer DEFAULT 0 NOT NULL,
    updated integer DEFAULT 0 NOT NULL,
    unchanged integer DEFAULT 0 NOT NULL,
    rejected integer DEFAULT 0 NOT NULL,
    report jsonb DEFAULT '{}' NOT NULL,
    error text,
    created_by uuid CONSTRAINT fk_import_jobs_created_by REFERENCES users (id),
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    content bytea,
    total integer,
    CONSTRAINT ck_import_jobs_state CHECK (state IN ('queued', 'running', 'done', 'failed')),
    CONSTRAINT ck_import_jobs_rows CHECK (rows >= 0),
    CONSTRAINT ck_import_jobs_created CHECK (created >= 0),
    CONSTRAINT ck_import_jobs_updated CHECK (updated >= 0),
    CONSTRAINT ck_import_jobs_unchanged CHECK (unchanged >= 0),
    CONSTRAINT ck_import_jobs_rejected CHECK (rejected >= 0)
);
CREATE INDEX ix_import_jobs_state ON import_jobs (state);
"""

# The key prevents two schedulers from running a job twice for one period.
JOB_RUNS = """
CREATE TABLE job_runs (
    job text NOT NULL,
    period timestamptz NOT NULL,
    state text DEFAULT 'running' NOT NULL,
    started_at timestamptz DEFAULT now() NOT NULL,
    finished_at timestamptz,
    result jsonb DEFAULT '{}' NOT NULL,
    error text,
    attempts integer DEFAULT 1 NOT NULL,
    heartbeat_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_job_runs PRIMARY KEY (job, period),
    CONSTRAINT ck_job_runs_state CHECK (state IN ('queued', 'running', 'done', 'failed')),
    CONSTRAINT ck_job_runs_attempts CHECK (attempts >= 1)
);
"""


def upgrade() -> None:
    op.execute(IDEMPOTENCY_KEYS)
    op.execute(WEBHOOK_DELIVERIES)
    op.execute(IMPORT_JOBS)
    op.execute(JOB_RUNS)


def downgrade() -> None:
    op.execute("DROP TABLE job_runs, import_jobs, webhook_deliveries, idempotency_keys")
