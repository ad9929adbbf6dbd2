"""Create all tables, as the models define them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "index_generations",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("schema_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "cursor", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('building', 'verifying', 'live', 'retained', 'dropped', 'failed')",
            name=op.f("ck_index_generations_state"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_index_generations")),
    )
    op.create_index(
        "uq_index_generations_live",
        "index_generations",
        ["alias"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "job_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "result", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_job_runs_state")
        ),
        sa.PrimaryKeyConstraint("job", "period", name=op.f("pk_job_runs")),
    )
    op.create_table(
        "search_dead_letters",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("attempts >= 1", name=op.f("ck_search_dead_letters_attempts")),
        sa.PrimaryKeyConstraint("property_id", name=op.f("pk_search_dead_letters")),
    )
    op.create_table(
        "search_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_outbox")),
    )
    op.create_table(
        "sectors",
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("locality", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=True),
        sa.CheckConstraint("confidence IN ('high', 'medium', 'low')", name=op.f("ck_sectors_confidence")),
        sa.CheckConstraint("latitude BETWEEN 28.3 AND 28.8", name=op.f("ck_sectors_latitude")),
        sa.CheckConstraint("longitude BETWEEN 77.2 AND 77.6", name=op.f("ck_sectors_longitude")),
        sa.CheckConstraint(
            "num_nulls(latitude, longitude, confidence) IN (0, 3)", name=op.f("ck_sectors_centre")
        ),
        sa.PrimaryKeyConstraint("sector", name=op.f("pk_sectors")),
        sa.UniqueConstraint("locality", name=op.f("uq_sectors_locality")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("hashed_password", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("token_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'super_admin')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_received_at", "webhook_deliveries", ["received_at"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column(
            "changes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_log_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_created_at", "audit_log", ["created_at"], unique=False)
    op.create_index("ix_audit_log_entity", "audit_log", ["entity_type", "entity_id"], unique=False)
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column(
            "mapping", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "report", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_import_jobs_state")
        ),
        sa.CheckConstraint("created >= 0", name=op.f("ck_import_jobs_created")),
        sa.CheckConstraint("rejected >= 0", name=op.f("ck_import_jobs_rejected")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_import_jobs_rows")),
        sa.CheckConstraint("unchanged >= 0", name=op.f("ck_import_jobs_unchanged")),
        sa.CheckConstraint("updated >= 0", name=op.f("ck_import_jobs_updated")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_import_jobs_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_jobs")),
    )
    op.create_table(
        "market_segments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("locality", sa.Text(), nullable=False),
        sa.Column("property_type", sa.Text(), nullable=False),
        sa.Column("listing_type", sa.Text(), nullable=False),
        sa.Column("area_basis", sa.Text(), nullable=False),
        sa.Column("bhk", sa.Double(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("p25", sa.BigInteger(), nullable=False),
        sa.Column("median", sa.BigInteger(), nullable=False),
        sa.Column("p75", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "area_basis IN ('carpet', 'built_up', 'super')", name=op.f("ck_market_segments_area_basis")
        ),
        sa.CheckConstraint("listing_type IN ('sale', 'rent')", name=op.f("ck_market_segments_listing_type")),
        sa.CheckConstraint(
            "property_type IN ('apartment', 'builder_floor', 'independent_house', 'villa', 'penthouse', 'studio', 'plot')",
            name=op.f("ck_market_segments_property_type"),
        ),
        sa.CheckConstraint("n >= 1", name=op.f("ck_market_segments_n")),
        sa.ForeignKeyConstraint(
            ["locality"], ["sectors.locality"], name=op.f("fk_market_segments_locality"), onupdate="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_segments")),
    )
    op.create_index(
        "uq_market_segments_key",
        "market_segments",
        ["locality", "property_type", "listing_type", "area_basis", "bhk"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "properties",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("society", sa.Text(), nullable=True),
        sa.Column("locality", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("location_approximate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("property_type", sa.Text(), nullable=False),
        sa.Column("listing_type", sa.Text(), nullable=False),
        sa.Column("bhk", sa.Double(), nullable=True),
        sa.Column("bathrooms", sa.Integer(), nullable=True),
        sa.Column("balconies", sa.Integer(), nullable=True),
        sa.Column("area_sqft", sa.Integer(), nullable=False),
        sa.Column("area_basis", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column(
            "price_per_sqft",
            sa.BigInteger(),
            sa.Computed("(price + area_sqft / 2) / area_sqft", persisted=True),
            nullable=False,
        ),
        sa.Column("furnishing_status", sa.Text(), nullable=True),
        sa.Column("floor_number", sa.Integer(), nullable=True),
        sa.Column("total_floors", sa.Integer(), nullable=True),
        sa.Column("age_years", sa.Integer(), nullable=True),
        sa.Column("possession_status", sa.Text(), nullable=True),
        sa.Column("facing_direction", sa.Text(), nullable=True),
        sa.Column("entrance_direction", sa.Text(), nullable=True),
        sa.Column("kitchen_direction", sa.Text(), nullable=True),
        sa.Column("master_bedroom_direction", sa.Text(), nullable=True),
        sa.Column("pooja_direction", sa.Text(), nullable=True),
        sa.Column("toilet_direction", sa.Text(), nullable=True),
        sa.Column("balcony_direction", sa.Text(), nullable=True),
        sa.Column("open_sides", sa.Integer(), nullable=True),
        sa.Column("vastu_score", sa.Integer(), nullable=True),
        sa.Column("vastu_coverage", sa.Integer(), nullable=True),
        sa.Column("vastu_source", sa.Text(), nullable=True),
        sa.Column("light_score", sa.Integer(), nullable=True),
        sa.Column("light_coverage", sa.Integer(), nullable=True),
        sa.Column("light_source", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column(
            "is_active",
            sa.Boolean(),
            sa.Computed("state = ANY (ARRAY['active'::text, 'under_offer'::text])", persisted=True),
            nullable=False,
        ),
        sa.Column("listed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("view_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("inquiry_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "area_basis IN ('carpet', 'built_up', 'super')", name=op.f("ck_properties_area_basis")
        ),
        sa.CheckConstraint(
            "balcony_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_balcony_direction"),
        ),
        sa.CheckConstraint(
            "entrance_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_entrance_direction"),
        ),
        sa.CheckConstraint(
            "facing_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_facing_direction"),
        ),
        sa.CheckConstraint(
            "furnishing_status IN ('unfurnished', 'semi_furnished', 'furnished')",
            name=op.f("ck_properties_furnishing_status"),
        ),
        sa.CheckConstraint(
            "kitchen_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_kitchen_direction"),
        ),
        sa.CheckConstraint("light_source IN ('computed', 'manual')", name=op.f("ck_properties_light_source")),
        sa.CheckConstraint("listing_type IN ('sale', 'rent')", name=op.f("ck_properties_listing_type")),
        sa.CheckConstraint(
            "master_bedroom_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_master_bedroom_direction"),
        ),
        sa.CheckConstraint(
            "pooja_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_pooja_direction"),
        ),
        sa.CheckConstraint(
            "possession_status IN ('ready_to_move', 'under_construction')",
            name=op.f("ck_properties_possession_status"),
        ),
        sa.CheckConstraint(
            "property_type <> 'plot' OR bhk IS NULL", name=op.f("ck_properties_plot_without_bhk")
        ),
        sa.CheckConstraint(
            "property_type IN ('apartment', 'builder_floor', 'independent_house', 'villa', 'penthouse', 'studio', 'plot')",
            name=op.f("ck_properties_property_type"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'active', 'under_offer', 'inactive', 'sold', 'expired', 'deleted')",
            name=op.f("ck_properties_state"),
        ),
        sa.CheckConstraint(
            "toilet_direction IN ('north', 'north_east', 'east', 'south_east', 'south', 'south_west', 'west', 'north_west')",
            name=op.f("ck_properties_toilet_direction"),
        ),
        sa.CheckConstraint("vastu_source IN ('computed', 'manual')", name=op.f("ck_properties_vastu_source")),
        sa.CheckConstraint("age_years BETWEEN 0 AND 150", name=op.f("ck_properties_age_years")),
        sa.CheckConstraint("area_sqft BETWEEN 50 AND 1000000", name=op.f("ck_properties_area_sqft")),
        sa.CheckConstraint("balconies BETWEEN 0 AND 30", name=op.f("ck_properties_balconies")),
        sa.CheckConstraint("bathrooms BETWEEN 0 AND 30", name=op.f("ck_properties_bathrooms")),
        sa.CheckConstraint(
            "bhk BETWEEN 0.5 AND 20 AND bhk * 2 = trunc(bhk * 2)", name=op.f("ck_properties_bhk")
        ),
        sa.CheckConstraint("floor_number <= total_floors", name=op.f("ck_properties_floor_in_building")),
        sa.CheckConstraint("floor_number BETWEEN -3 AND 100", name=op.f("ck_properties_floor_number")),
        sa.CheckConstraint("inquiry_count >= 0", name=op.f("ck_properties_inquiry_count")),
        sa.CheckConstraint("latitude BETWEEN 28.3 AND 28.8", name=op.f("ck_properties_latitude")),
        sa.CheckConstraint("light_coverage BETWEEN 0 AND 100", name=op.f("ck_properties_light_coverage")),
        sa.CheckConstraint("light_score BETWEEN 0 AND 100", name=op.f("ck_properties_light_score")),
        sa.CheckConstraint("longitude BETWEEN 77.2 AND 77.6", name=op.f("ck_properties_longitude")),
        sa.CheckConstraint(
            "num_nulls(latitude, longitude) IN (0, 2)", name=op.f("ck_properties_coordinates")
        ),
        sa.CheckConstraint("open_sides BETWEEN 0 AND 4", name=op.f("ck_properties_open_sides")),
        sa.CheckConstraint("price BETWEEN 500 AND 100000000000", name=op.f("ck_properties_price")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_properties_revision")),
        sa.CheckConstraint("total_floors BETWEEN 0 AND 100", name=op.f("ck_properties_total_floors")),
        sa.CheckConstraint("vastu_coverage BETWEEN 0 AND 100", name=op.f("ck_properties_vastu_coverage")),
        sa.CheckConstraint("vastu_score BETWEEN 0 AND 100", name=op.f("ck_properties_vastu_score")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_properties_version")),
        sa.CheckConstraint("view_count >= 0", name=op.f("ck_properties_view_count")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_properties_created_by")),
        sa.ForeignKeyConstraint(
            ["locality"], ["sectors.locality"], name=op.f("fk_properties_locality"), onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sector"], ["sectors.sector"], name=op.f("fk_properties_sector"), onupdate="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_properties")),
        sa.UniqueConstraint("external_ref", name=op.f("uq_properties_external_ref")),
    )
    op.create_index("ix_properties_bhk", "properties", ["bhk"], unique=False)
    op.create_index("ix_properties_is_active", "properties", ["is_active"], unique=False)
    op.create_index("ix_properties_latitude_longitude", "properties", ["latitude", "longitude"], unique=False)
    op.create_index("ix_properties_locality", "properties", ["locality"], unique=False)
    op.create_index("ix_properties_price", "properties", ["price"], unique=False)
    op.create_index("ix_properties_property_type", "properties", ["property_type"], unique=False)
    op.create_index(
        "uq_properties_fingerprint",
        "properties",
        ["fingerprint"],
        unique=True,
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )
    op.create_table(
        "analytics_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=True),
        sa.Column(
            "event_data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("fk_analytics_events_property_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_events")),
    )
    op.create_index("ix_analytics_events_created_at", "analytics_events", ["created_at"], unique=False)
    op.create_index("ix_analytics_events_event_type", "analytics_events", ["event_type"], unique=False)
    op.create_index("ix_analytics_events_property_id", "analytics_events", ["property_id"], unique=False)
    op.create_table(
        "inquiries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("inquiry_type", sa.Text(), server_default=sa.text("'general'"), nullable=False),
        sa.Column("preferred_contact_time", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'new'"), nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("is_spam", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("consent_text_version", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "inquiry_type IN ('visit', 'callback', 'price', 'general')",
            name=op.f("ck_inquiries_inquiry_type"),
        ),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{6,14}$'", name=op.f("ck_inquiries_phone_e164")),
        sa.CheckConstraint(
            "status <> 'lost' OR lost_reason IS NOT NULL", name=op.f("ck_inquiries_lost_has_reason")
        ),
        sa.CheckConstraint(
            "status IN ('new', 'contacted', 'qualified', 'converted', 'lost')",
            name=op.f("ck_inquiries_status"),
        ),
        sa.ForeignKeyConstraint(["assigned_to"], ["users.id"], name=op.f("fk_inquiries_assigned_to")),
        sa.ForeignKeyConstraint(["property_id"], ["properties.id"], name=op.f("fk_inquiries_property_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiries")),
    )
    op.create_index(
        "ix_inquiries_created_at", "inquiries", [sa.literal_column("created_at DESC")], unique=False
    )
    op.create_index(
        "ix_inquiries_ip_address_created_at", "inquiries", ["ip_address", "created_at"], unique=False
    )
    op.create_index("ix_inquiries_property_id", "inquiries", ["property_id"], unique=False)
    op.create_index("ix_inquiries_status", "inquiries", ["status"], unique=False)
    op.create_table(
        "price_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("old_price", sa.BigInteger(), nullable=True),
        sa.Column("new_price", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["property_id"], ["properties.id"], name=op.f("fk_price_history_property_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_history")),
    )
    op.create_index(
        "ix_price_history_property_id_changed_at",
        "price_history",
        ["property_id", "changed_at"],
        unique=False,
    )
    op.create_table(
        "property_images",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("original_url", sa.Text(), nullable=False),
        sa.Column("enhanced_url", sa.Text(), nullable=True),
        sa.Column("thumbnail_url", sa.Text(), nullable=True),
        sa.Column("image_type", sa.Text(), server_default=sa.text("'photo'"), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("display_order", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("enhancement_status", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("ai_job_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "enhancement_status IN ('none', 'pending', 'processing', 'completed', 'failed', 'timeout')",
            name=op.f("ck_property_images_enhancement_status"),
        ),
        sa.CheckConstraint(
            "image_type IN ('photo', 'floor_plan', 'exterior', 'interior')",
            name=op.f("ck_property_images_image_type"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_property_images_attempts")),
        sa.CheckConstraint("display_order >= 0", name=op.f("ck_property_images_display_order")),
        sa.CheckConstraint("height BETWEEN 1 AND 12000", name=op.f("ck_property_images_height")),
        sa.CheckConstraint("width BETWEEN 1 AND 12000", name=op.f("ck_property_images_width")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("fk_property_images_property_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property_images")),
        sa.UniqueConstraint(
            "property_id", "content_hash", name=op.f("uq_property_images_property_id_content_hash")
        ),
    )
    op.create_index("ix_property_images_ai_job_id", "property_images", ["ai_job_id"], unique=False)
    op.create_index(
        "ix_property_images_enhancement_status", "property_images", ["enhancement_status"], unique=False
    )
    op.create_index("ix_property_images_property_id", "property_images", ["property_id"], unique=False)
    op.create_index(
        "uq_property_images_primary",
        "property_images",
        ["property_id"],
        unique=True,
        postgresql_where=sa.text("is_primary"),
    )
    op.create_table(
        "property_market",
        sa.Column("property_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("median", sa.BigInteger(), nullable=True),
        sa.Column("delta_pct", sa.Numeric(precision=6, scale=1), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "label IN ('great', 'good', 'fair', 'above', 'high', 'check_price')",
            name=op.f("ck_property_market_label"),
        ),
        sa.CheckConstraint(
            "label IS NOT NULL OR reason IS NOT NULL", name=op.f("ck_property_market_label_or_reason")
        ),
        sa.CheckConstraint("n >= 0", name=op.f("ck_property_market_n")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["properties.id"],
            name=op.f("fk_property_market_property_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("property_id", name=op.f("pk_property_market")),
    )
    op.create_table(
        "inquiry_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column(
            "event_data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_inquiry_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["inquiry_id"], ["inquiries.id"], name=op.f("fk_inquiry_events_inquiry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_events")),
    )
    op.create_index("ix_inquiry_events_inquiry_id", "inquiry_events", ["inquiry_id", "id"], unique=False)


def downgrade() -> None:

    op.drop_index("ix_inquiry_events_inquiry_id", table_name="inquiry_events")
    op.drop_table("inquiry_events")
    op.drop_table("property_market")
    op.drop_index(
        "uq_property_images_primary", table_name="property_images", postgresql_where=sa.text("is_primary")
    )
    op.drop_index("ix_property_images_property_id", table_name="property_images")
    op.drop_index("ix_property_images_enhancement_status", table_name="property_images")
    op.drop_index("ix_property_images_ai_job_id", table_name="property_images")
    op.drop_table("property_images")
    op.drop_index("ix_price_history_property_id_changed_at", table_name="price_history")
    op.drop_table("price_history")
    op.drop_index("ix_inquiries_status", table_name="inquiries")
    op.drop_index("ix_inquiries_property_id", table_name="inquiries")
    op.drop_index("ix_inquiries_ip_address_created_at", table_name="inquiries")
    op.drop_index("ix_inquiries_created_at", table_name="inquiries")
    op.drop_table("inquiries")
    op.drop_index("ix_analytics_events_property_id", table_name="analytics_events")
    op.drop_index("ix_analytics_events_event_type", table_name="analytics_events")
    op.drop_index("ix_analytics_events_created_at", table_name="analytics_events")
    op.drop_table("analytics_events")
    op.drop_index(
        "uq_properties_fingerprint",
        table_name="properties",
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )
    op.drop_index("ix_properties_property_type", table_name="properties")
    op.drop_index("ix_properties_price", table_name="properties")
    op.drop_index("ix_properties_locality", table_name="properties")
    op.drop_index("ix_properties_latitude_longitude", table_name="properties")
    op.drop_index("ix_properties_is_active", table_name="properties")
    op.drop_index("ix_properties_bhk", table_name="properties")
    op.drop_table("properties")
    op.drop_index("uq_market_segments_key", table_name="market_segments", postgresql_nulls_not_distinct=True)
    op.drop_table("market_segments")
    op.drop_table("import_jobs")
    op.drop_index("ix_audit_log_entity", table_name="audit_log")
    op.drop_index("ix_audit_log_created_at", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_index("ix_webhook_deliveries_received_at", table_name="webhook_deliveries")
    op.drop_table("webhook_deliveries")
    op.drop_index("uq_users_email", table_name="users")
    op.drop_table("users")
    op.drop_table("sectors")
    op.drop_table("search_outbox")
    op.drop_table("search_dead_letters")
    op.drop_table("job_runs")
    op.drop_index(
        "uq_index_generations_live",
        table_name="index_generations",
        postgresql_where=sa.text("state = 'live'"),
    )
    op.drop_table("index_generations")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
