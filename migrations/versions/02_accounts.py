"""The people who manage listings, the tokens they gave back, and the log of what they did."""

from alembic import op

revision = "02"
down_revision = "01"
branch_labels = None
depends_on = None

USERS = """
CREATE TABLE users (
    id uuid DEFAULT uuidv7() CONSTRAINT pk_users PRIMARY KEY,
    email text NOT NULL,
    hashed_password text NOT NULL,
    full_name text NOT NULL,
    role text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    token_version integer DEFAULT 0 NOT NULL,
    last_login_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    must_change_password boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_users_role CHECK (role IN ('admin', 'super_admin'))
);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));
"""

REVOKED_TOKENS = """
CREATE TABLE revoked_tokens (
    token_id text CONSTRAINT pk_revoked_tokens PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT fk_revoked_tokens_user_id REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_revoked_tokens_expires_at ON revoked_tokens (expires_at);
"""

AUDIT_LOG = """
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_log PRIMARY KEY,
    actor_id uuid CONSTRAINT fk_audit_log_actor_id REFERENCES users (id),
    actor text NOT NULL,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id text NOT NULL,
    request_id text,
    changes jsonb DEFAULT '{}' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL
);
CREATE INDEX ix_audit_log_created_at ON audit_log (created_at);
CREATE INDEX ix_audit_log_entity ON audit_log (entity_type, entity_id);
"""


def upgrade() -> None:
    op.execute(USERS)
    op.execute(REVOKED_TOKENS)
    op.execute(AUDIT_LOG)


def downgrade() -> None:
    op.execute("DROP TABLE audit_log, revoked_tokens, users")
