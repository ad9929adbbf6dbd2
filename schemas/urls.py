"""Addresses of stores in the forms that our clients want."""


def sqlalchemy_url(database_url: str) -> str:
    """Name the driver in a plain `postgresql://` URL, which is what operators and psql write."""
    _, _, rest = database_url.partition("://")
    return f"postgresql+psycopg://{rest}"
