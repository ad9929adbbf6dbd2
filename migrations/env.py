"""Alembic's entry point. The caller supplies the database; runs by hand use DATABASE_URL."""

from alembic import context
from sqlalchemy import create_engine, pool

from schemas.settings import Settings
from schemas.tables import Base
from schemas.urls import sqlalchemy_url


def run() -> None:
    url = context.config.attributes.get("database_url") or Settings().database_url
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()


run()
