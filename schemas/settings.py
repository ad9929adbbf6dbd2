"""Every setting of every process, read from the environment; nothing else reads the environment."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.production import faults

NONE = "none"
"""Where nothing is meant, and must be said to be."""


def listed(value: str) -> list[str]:
    """The parts of a setting that lists several, separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()]


# Read once, though every request looks at them; by their text, for a setting's copy may have another.
@cache
def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, () if value == NONE else listed(value)))


@cache
def _names(value: str) -> frozenset[str]:
    return frozenset(listed(value))


class Settings(BaseSettings):
    """One frozen value, made once at the edge of a process and handed on: there is no global instance."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # secrets are among it
        # What `make up` writes, so that commands beside it need no preparation; the environment wins.
        env_file=".casabricks/run.env",
    )

    # Where this runs
    environment: Literal["development", "production"] = "development"
    """Production refuses to start with secrets that are missing or weak; schemas/production.py says how."""
    stores_on_private_network: bool = False
    """Whether nobody else can reach the network between us and the stores; then it need not be enciphered."""

    # Stores
    database_url: str = "postgresql://localhost/casabricks"
    opensearch_url: str = "http://localhost:9200"
    """One node, or several of a cluster with commas between them: one that is away is done without."""
    redis_url: str = "redis://localhost:6379/0"
    media_url: str = Field(
        default="file:.casabricks/media", pattern=r"^(file:.+|s3://[a-z0-9.-]{3,63}(/.*)?)$"
    )
    """`file:DIR`, served by the API below `/media/`, or `s3://bucket/prefix`."""

    database_pool_size: int = Field(default=5, ge=1)
    """Connections a process keeps; as many again may open for a moment."""

    # Patience: beyond it a visitor is told to come back, or a process does without
    database_pool_timeout_s: float = Field(default=1.0, gt=0)
    """Seconds until a connection of the pool must be free, or a new one open."""
    database_statement_timeout_s: float = Field(default=2.0, gt=0)
    """Seconds a statement of a visitor's request may take."""
    database_lock_timeout_s: float = Field(default=2.0, gt=0)
    """Seconds a statement waits for what another transaction holds."""
    database_idle_transaction_s: float = Field(default=15.0, ge=15)
    """Seconds after which Postgres ends a transaction that does nothing, for its locks and old rows; not
    less than 15, because a batch of the indexer waits up to 13 for the search engine."""
    search_timeout_s: float = Field(default=1.2, gt=0)
    """Seconds a search may take before the visitor gets 503."""
    searches_at_once: int = Field(default=16, ge=1)
    """Questions that a process has on their way to the engine; the next ones wait."""
    public_deadline_s: float = Field(default=2.0, gt=0)
    """Seconds after which a visitor's request is given up; server/patience.py says which have none."""
    admin_deadline_s: float = Field(default=10.0, gt=0)
    """The same for what an admin asks, beside what `Prefer: wait` adds."""
    redis_timeout_s: float = Field(default=0.1, gt=0)
    """Seconds until Redis must have answered."""
    health_timeout_s: float = Field(default=1.0, gt=0)
    """Seconds after which a dependency that does not answer is reported as down."""

    # Pictures
    media_public_url: str = ""
    """Where browsers find what `media_url` keeps, if not at `/media` or at the bucket's own address: with
    `https://api.example.com/media` answers name pictures so that pages of other origins find them."""
    s3_endpoint_url: str = ""
    """Of an S3 that is not Amazon's."""
    s3_region: str = "us-east-1"
    s3_path_style: bool = True
    """Whether the bucket is named in the path, which every S3 understands, or in the host's name."""
    s3_access_key_id: str = ""
    """Without one, the keys that the machine itself was given are looked for, as Amazon's tools do."""
    s3_secret_access_key: SecretStr = SecretStr("")
    picture_processes: int = Field(default=2, ge=1)
    """Children of each API process that decode pictures, each with up to 512 MB."""

    # Search index
    index_alias: str = Field(default="listings", pattern=r"^[a-z][a-z0-9_]*$")
    """The alias that searches read; generations are named `{alias}-{schema hash}-{UTC time}`."""
    index_shards: int = Field(default=1, ge=1)
    index_replicas: int = Field(default=0, ge=0)
    indexer_metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where `indexer run` answers Prometheus at `/metrics`; 0 is nowhere."""
    indexer_metrics_host: str = "127.0.0.1"

    # API
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    api_workers: int = Field(default=1, ge=1)
    search_cache: bool = True
    """Whether answers are kept in Redis for as long as nothing changes."""
    search_cache_mb: int = Field(default=64, ge=1)
    """Megabytes that they may take together; beyond that all of them are dropped, and gathered anew."""
    serve_docs: bool = True
    """Whether `/docs` shows people the contract that programs find at `/openapi.json`."""
    search_rate: float = Field(default=0.0, ge=0)
    """Searches a second that one address may make of each API process in the long run; 0 is no limit.
    Behind a proxy that TRUSTED_PROXY_CIDRS does not name, all visitors are one address."""
    search_burst: int = Field(default=40, ge=1)
    """Searches that it may make at once, after a rest."""
    max_json_bytes: int = Field(default=64 * 1024, ge=1024)
    trusted_proxy_cidrs: str = ""
    """Networks of our own proxies, whose X-Forwarded-For is believed: `10.0.0.0/8, ::1`; or `none`."""
    allowed_hosts: str = ""
    """Names by which this API is asked: `api.example.com, localhost`; without any, by every name."""
    cors_origins: str = ""
    """Pages that may ask from a browser: `https://www.example.com, https://example.com`."""
    header_deadline_s: float = Field(default=10.0, gt=0)
    """Seconds until the head of a request must be complete, however slowly it comes."""
    body_deadline_s: float = Field(default=30.0, gt=0)
    """The same for its body; a large one gets more (server/protocol.py)."""
    connections_per_address: int = Field(default=500, ge=1)
    """Connections that a process accepts from one address, our own proxies' excepted."""
    graceful_shutdown_s: float = Field(default=10.0, gt=0)
    """Seconds that requests on their way get to end."""
    shutdown_delay_s: float = Field(default=0.0, ge=0)
    """Seconds for which a process that is to stop still serves and says that it is not ready: as long as
    whoever spreads the traffic needs to notice."""

    # Jobs
    api_url: str = ""
    """Where a worker reaches the API, to ask what many ask; without one, at the API's own host and port."""
    job_lease_s: float = Field(default=60.0, gt=0)
    """Seconds after which a run whose worker says nothing any more may be taken over."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where `casabricks worker` answers Prometheus at `/metrics`; 0 is nowhere."""
    worker_metrics_host: str = "127.0.0.1"

    # Personal data
    inquiry_retention_days: int = Field(default=365, ge=1)
    """Days after its last change until a lead is erased: buying a home takes months, and the DPDP Rules
    want a year of records; docs/privacy.md says more."""
    address_retention_days: int = Field(default=30, ge=1)
    """Days for which a lead keeps the address it came from, which serves to find abuse and nothing else."""

    analytics_retention_days: int = Field(default=90, ge=2)
    """Days for which it is kept what a visit looked at and looked for; counts by day stay."""

    # Secrets; production refuses to start without one
    jwt_secret: SecretStr = SecretStr("")
    """Signs access tokens, at least 32 bytes; without one, a process draws its own at its start."""
    jwt_previous_secret: SecretStr = SecretStr("")
    """Still accepted while tokens that it signed are about, after a change of `jwt_secret`."""

    metrics_token: SecretStr = SecretStr("")
    """What Prometheus must send as `Authorization: Bearer` to see `/metrics`; without one, anybody may."""
    queue_secret: SecretStr = SecretStr("")
    """Signs what goes through the queue: whoever can write to Redis must not be able to run code."""
    password_cost: int = Field(default=12, ge=4, le=16)
    """bcrypt's; each step doubles the time of a login. Below 12 only in tests."""

    # Enhancement of pictures
    enhancer_url: str = ""
    """Where the AI service takes jobs; without one, they wait."""
    enhancer_result_hosts: str = ""
    """Hosts that results are fetched from, by https: `results.example.com, cdn.example.com`."""
    enhancer_local_origin: str = ""
    """`http://127.0.0.1:PORT` of a stand-in on this machine, also allowed. For development only: production
    refuses to start with it, for whoever can name an address on this machine can reach what runs on it."""
    enhancement_lease_s: int = Field(default=60, ge=1)
    """After so many seconds what a worker began and did not finish is another's."""
    public_url: str = ""
    """Where the AI service reaches this API; without one, where a worker does."""
    webhook_secret: SecretStr = SecretStr("")
    """Signs jobs for the AI service and its answers: at least 24 bytes, or `whsec_` and base64."""
    webhook_previous_secret: SecretStr = SecretStr("")
    """Still accepted, and still signs beside the new one, until the AI service has that."""

    # Logs
    log_level: str = "INFO"
    log_json: bool = True

    # Told to others, when the extra `observability` is installed
    sentry_dsn: SecretStr = SecretStr("")
    """Where errors are reported: their types and places, and never what anybody sent."""
    otel_exporter_otlp_endpoint: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where requests are told of as traces, by OTLP over HTTP: `http://collector:4318`."""

    @field_validator("trusted_proxy_cidrs")
    @classmethod
    def _are_networks(cls, networks: str) -> str:
        return NONE if networks == NONE else ",".join(str(ip_network(part)) for part in listed(networks))

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: str) -> str:
        for origin in listed(origins):
            url = urlsplit(origin)
            if url.scheme not in {"http", "https"} or origin != f"{url.scheme}://{url.netloc}":
                raise ValueError("each must be a scheme and a host, as in https://www.example.com")
        return origins

    @model_validator(mode="after")
    def _is_fit_for_production(self) -> Self:
        if wrong := faults(self):
            raise ValueError("; ".join(wrong))
        return self

    @property
    def opensearch_nodes(self) -> list[str]:
        return listed(self.opensearch_url)

    @property
    def trusted_proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return _networks(self.trusted_proxy_cidrs)

    @property
    def own_hosts(self) -> frozenset[str]:
        return _names(self.allowed_hosts.lower())

    @property
    def allowed_origins(self) -> frozenset[str]:
        return _names(self.cors_origins)

    @property
    def token_secrets(self) -> list[str]:
        """What is set of the secrets of access tokens, the one that signs first."""
        return [secret.get_secret_value() for secret in (self.jwt_secret, self.jwt_previous_secret) if secret]

    @property
    def api_address(self) -> str:
        return self.api_url.rstrip("/") or f"http://{self.api_host}:{self.api_port}"

    @property
    def public_address(self) -> str:
        return self.public_url.rstrip("/") or self.api_address

    @property
    def webhook_secrets(self) -> list[str]:
        """What is set of the secrets of webhooks, the newest first."""
        secrets = (self.webhook_secret, self.webhook_previous_secret)
        return [secret.get_secret_value() for secret in secrets if secret]

    @property
    def result_hosts(self) -> frozenset[str]:
        return frozenset(listed(self.enhancer_result_hosts))

    @property
    def media_directory(self) -> Path | None:
        """The directory behind a `file:` media URL."""
        scheme, _, path = self.media_url.partition(":")
        return Path(path.removeprefix("//")) if scheme == "file" else None
