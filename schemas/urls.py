"""Store URLs in the form that the client libraries expect."""


def sqlalchemy_url(database_url: str) -> str:
    """Add the driver to a plain `postgresql://` URL, which is the form that operators and psql use."""
    _, _, rest = database_url.partition("://")
    return f"postgresql+psycopg://{rest}"
