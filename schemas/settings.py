"""Every setting of every process, read from the environment; nothing else reads the environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One frozen value, made once at the edge of a process and handed on: there is no global instance."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        # What `make up` writes, so that commands beside it need no preparation; the environment wins.
        env_file=".casabricks/run.env",
    )

    # Stores
    database_url: str = "postgresql://localhost/casabricks"
    opensearch_url: str = "http://localhost:9200"
    redis_url: str = "redis://localhost:6379/0"
    media_url: str = "file:.casabricks/media"
    """`file:DIR`, served by the API below `/media/`, or `s3://bucket/prefix`."""

    database_pool_size: int = Field(default=5, ge=1)
    """Connections a process keeps; as many again may open for a moment."""

    # Search index
    index_alias: str = Field(default="listings", pattern=r"^[a-z][a-z0-9_]*$")
    """The alias that searches read; generations are named `{alias}-{schema hash}-{UTC time}`."""
    index_shards: int = Field(default=1, ge=1)
    index_replicas: int = Field(default=0, ge=0)

    # API
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    api_workers: int = Field(default=1, ge=1)
    search_timeout_s: float = Field(default=1.2, gt=0)
    """Seconds a search may take before the visitor gets 503."""
    search_cache: bool = True
    """Whether answers are kept in Redis for as long as nothing changes."""
    max_json_bytes: int = Field(default=64 * 1024, ge=1024)
    trusted_proxy_cidrs: str = ""
    """Networks of our own proxies, whose X-Forwarded-For is believed: `10.0.0.0/8, ::1`."""
    graceful_shutdown_s: float = Field(default=10.0, gt=0)

    # Personal data
    inquiry_retention_days: int = Field(default=365, ge=1)
    """Days after its last change until a lead is erased: buying a home takes months, and the DPDP Rules
    want a year of records; docs/privacy.md says more."""
    address_retention_days: int = Field(default=30, ge=1)
    """Days for which a lead keeps the address it came from, which serves to find abuse and nothing else."""

    # Secrets; production refuses to start on an empty one
    jwt_secret: SecretStr = SecretStr("")
    """Signs access tokens, at least 32 bytes; without one, a process draws its own at its start."""
    jwt_previous_secret: SecretStr = SecretStr("")
    """Still accepted while tokens that it signed are about, after a change of `jwt_secret`."""

    queue_secret: SecretStr = SecretStr("")
    """Signs what goes through the queue: whoever can write to Redis must not be able to run code."""
    password_cost: int = Field(default=12, ge=4, le=16)
    """bcrypt's; each step doubles the time of a login. Below 12 only in tests."""

    # Logs
    log_level: str = "INFO"
    log_json: bool = True

    @field_validator("trusted_proxy_cidrs")
    @classmethod
    def _are_networks(cls, networks: str) -> str:
        return ",".join(str(ip_network(part.strip())) for part in networks.split(",") if part.strip())

    @property
    def trusted_proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(part) for part in self.trusted_proxy_cidrs.split(",") if part)

    @property
    def token_secrets(self) -> list[str]:
        """What is set of the secrets of access tokens, the one that signs first."""
        return [secret.get_secret_value() for secret in (self.jwt_secret, self.jwt_previous_secret) if secret]

    @property
    def media_directory(self) -> Path | None:
        """The directory behind a `file:` media URL."""
        scheme, _, path = self.media_url.partition(":")
        return Path(path.removeprefix("//")) if scheme == "file" else None
