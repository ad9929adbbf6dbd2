"""The schema's history as Alembic versions; every process and test runs them with `upgrade`.

Alembic is loaded by the first migration, because API processes never need its 11 MB.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config


class UnknownRevision(Exception):
    """The database has a revision that is not in this history: another release made its schema."""


def alembic_config(database_url: str) -> "Config":
    from alembic.config import Config  # noqa: PLC0415  loads Alembic

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Upgrade the database to a revision; a no-op if it is already there.

    Raises:
        UnknownRevision: the database's revision, which the error names. Nothing is changed.
    """
    from alembic import command  # noqa: PLC0415  loads Alembic
    from alembic.script.revision import ResolutionError  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(alembic_config(database_url), revision)
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):
            raise UnknownRevision(error.__cause__.argument) from error
        raise


def downgrade(database_url: str, revision: str = "base") -> None:
    from alembic import command  # noqa: PLC0415  loads Alembic

    command.downgrade(alembic_config(database_url), revision)
