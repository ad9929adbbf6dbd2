"""Every setting of every process, read from the environment. No other code reads the environment."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.production import faults

NONE = "none"
"""The value of a setting that must be stated explicitly even when it is empty."""


def listed(value: str) -> list[str]:
    """Split a comma-separated setting into its parts."""
    return [part.strip() for part in value.split(",") if part.strip()]


# Cached because every request reads them. Keyed by text, because a copy of the settings may differ.
@cache
def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, () if value == NONE else listed(value)))


@cache
def _names(value: str) -> frozenset[str]:
    return frozenset(listed(value))


class Settings(BaseSettings):
    """All settings of a process, frozen. Created once at startup and passed on; no global instance."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # the input contains secrets
        # Written by `make up`, so that commands run without further setup; the environment takes precedence.
        env_file=".casabricks/run.env",
    )

    # Environment
    environment: Literal["development", "production"] = "development"
    """Production refuses to start with missing or weak secrets; schemas/production.py lists the checks."""
    stores_on_private_network: bool = False
    """Set to true if only this application can reach the network between it and its stores. Connections to
    the stores then need no encryption."""

    # Stores
    database_url: str = "postgresql://localhost/casabricks"
    opensearch_url: str = "http://localhost:9200"
    """One node, or several nodes of a cluster separated by commas. A node that is down is skipped."""
    redis_url: str = "redis://localhost:6379/0"
    media_url: str = Field(
        default="file:.casabricks/media", pattern=r"^(file:.+|s3://[a-z0-9.-]{3,63}(/.*)?)$"
    )
    """`file:DIR`, served by the API under `/media/`, or `s3://bucket/prefix`."""

    database_pool_size: int = Field(default=5, ge=1)
    """Connections that each process keeps open; as many again may be opened under load."""

    # Timeouts: beyond one, a client is told to retry, or the process works without the dependency
    database_pool_timeout_s: float = Field(default=1.0, gt=0)
    """Seconds to wait for a pooled connection to become free or a new one to open."""
    database_statement_timeout_s: float = Field(default=2.0, gt=0)
    """Seconds that one statement of a visitor's request may take."""
    database_lock_timeout_s: float = Field(default=2.0, gt=0)
    """Seconds that a statement waits for a lock held by another transaction."""
    database_idle_transaction_s: float = Field(default=15.0, ge=15)
    """Seconds after which Postgres ends an idle transaction, because it holds locks and keeps old rows alive.
    At least 15, because a batch of the indexer waits up to 13 seconds for the search engine."""
    search_timeout_s: float = Field(default=1.2, gt=0)
    """Seconds that a search may take before the visitor gets a 503."""
    searches_at_once: int = Field(default=16, ge=1)
    """Requests to the search engine that a process has in flight at once; further requests wait."""
    public_deadline_s: float = Field(default=2.0, gt=0)
    """Deadline in seconds of a visitor's request; server/http/patience.py lists the requests without a
    deadline."""
    admin_deadline_s: float = Field(default=10.0, gt=0)
    """Deadline in seconds of an admin's request, in addition to the time that `Prefer: wait` allows."""
    redis_timeout_s: float = Field(default=0.1, gt=0)
    """Seconds to wait for a reply from Redis."""
    health_timeout_s: float = Field(default=1.0, gt=0)
    """Seconds after which a dependency that does not answer is reported as down."""

    # Pictures
    media_public_url: str = ""
    """Public base URL of the files in `media_url`, if not `/media` or the bucket's own URL. Set it to
    `https://api.example.com/media` to get absolute picture URLs, which pages of other origins need."""
    s3_endpoint_url: str = ""
    """Endpoint of an S3-compatible store other than Amazon's."""
    s3_region: str = "us-east-1"
    s3_path_style: bool = True
    """True puts the bucket name in the path, which every S3 store supports; false puts it in the host
    name."""
    s3_access_key_id: str = ""
    """If empty, credentials are looked up on the machine, as Amazon's tools do."""
    s3_secret_access_key: SecretStr = SecretStr("")
    picture_processes: int = Field(default=2, ge=1)
    """Child processes of each API process that decode pictures, each using up to 512 MB."""

    # Search index
    index_alias: str = Field(default="listings", pattern=r"^[a-z][a-z0-9_]*$")
    """The alias that searches read. Index generations are named `{alias}-{schema hash}-{UTC time}`."""
    index_shards: int = Field(default=1, ge=1)
    index_replicas: int = Field(default=0, ge=0)
    indexer_metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port where `indexer run` serves `/metrics` to Prometheus; 0 turns it off."""
    indexer_metrics_host: str = "127.0.0.1"

    # API
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    api_workers: int = Field(default=1, ge=1)
    search_cache: bool = True
    """Whether search answers are cached in Redis until the listings change."""
    search_cache_mb: int = Field(default=64, ge=1)
    """Maximum size of the cached answers in megabytes. Beyond it, all of them are dropped."""
    serve_docs: bool = True
    """Whether `/docs` shows the API documentation. The OpenAPI document itself is at `/openapi.json`."""
    search_rate: float = Field(default=0.0, ge=0)
    """Searches per second that one address may sustain on each API process; 0 means no limit. Behind a proxy
    that is not in TRUSTED_PROXY_CIDRS, all visitors count as one address."""
    search_burst: int = Field(default=40, ge=1)
    """Searches that one address may make at once after a pause."""
    max_json_bytes: int = Field(default=64 * 1024, ge=1024)
    trusted_proxy_cidrs: str = ""
    """Networks of the trusted proxies, whose X-Forwarded-For is used: `10.0.0.0/8, ::1`; or `none`."""
    allowed_hosts: str = ""
    """Host names that this API answers to: `api.example.com, localhost`. If empty, any host name."""
    cors_origins: str = ""
    """Origins that may call the API from a browser: `https://www.example.com, https://example.com`."""
    header_deadline_s: float = Field(default=10.0, gt=0)
    """Seconds within which a request's head must be complete."""
    body_deadline_s: float = Field(default=30.0, gt=0)
    """Seconds in which a request's body must be complete; large ones get more (server/http/protocol.py)."""
    connections_per_address: int = Field(default=500, ge=1)
    """Connections that a process accepts from one address; trusted proxies are exempt."""
    graceful_shutdown_s: float = Field(default=10.0, gt=0)
    """Seconds that requests in flight get to finish at shutdown."""
    shutdown_delay_s: float = Field(default=0.0, ge=0)
    """Seconds for which a process that is stopping keeps serving while it reports that it is not ready. Set
    it to the time that the load balancer needs to notice."""

    # Jobs
    api_url: str = ""
    """URL where a worker reaches the API to warm its cache with popular searches; by default API_HOST and
    API_PORT."""
    job_lease_s: float = Field(default=60.0, gt=0)
    """Seconds without a heartbeat after which another worker may take over a job run."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port where `casabricks worker` serves `/metrics` to Prometheus; 0 turns it off."""
    worker_metrics_host: str = "127.0.0.1"

    # Personal data
    inquiry_retention_days: int = Field(default=365, ge=1)
    """Days after its last change until a lead is erased. The default allows for the months that buying a home
    takes, and for the year of records that the DPDP Rules require; see docs/privacy.md."""
    address_retention_days: int = Field(default=30, ge=1)
    """Days for which a lead keeps its IP address, which is used only to detect abuse."""

    analytics_retention_days: int = Field(default=90, ge=2)
    """Days for which single views and searches are kept; daily counts are kept permanently."""

    # Secrets; production requires each of them except JWT_PREVIOUS_SECRET
    jwt_secret: SecretStr = SecretStr("")
    """Signs access tokens; at least 32 bytes. If empty, the server generates one at each start."""
    jwt_previous_secret: SecretStr = SecretStr("")
    """The former `jwt_secret`, accepted after a change until the tokens it signed have expired."""

    metrics_token: SecretStr = SecretStr("")
    """Token that Prometheus sends as `Authorization: Bearer` to read `/metrics`. If empty, `/metrics` is
    public."""
    queue_secret: SecretStr = SecretStr("")
    """Signs queue messages, so that write access to Redis is not enough to run code."""
    password_cost: int = Field(default=12, ge=4, le=16)
    """bcrypt cost; each step doubles the time of a login. Use less than 12 only in tests."""

    # Picture enhancement
    enhancer_url: str = ""
    """URL where the AI service accepts jobs. If empty, jobs wait."""
    enhancer_result_hosts: str = ""
    """Hosts from which results are fetched over https: `results.example.com, cdn.example.com`."""
    enhancer_local_origin: str = ""
    """`http://127.0.0.1:PORT` of a local stand-in for the AI service, also allowed. For development only,
    because it lets result URLs reach services on this machine; production refuses to start with it."""
    enhancement_lease_s: int = Field(default=60, ge=1)
    """Seconds after which another worker may take over an unfinished step."""
    public_url: str = ""
    """Public URL of this API for the AI service. If empty, the URL that workers use."""
    webhook_secret: SecretStr = SecretStr("")
    """Signs jobs for the AI service and verifies its callbacks: at least 24 bytes, or `whsec_` and base64."""
    webhook_previous_secret: SecretStr = SecretStr("")
    """The former `webhook_secret`. It is still accepted, and still signs beside the new one, until the AI
    service has the new one."""

    # Logs
    log_level: str = "INFO"
    log_json: bool = True

    # Reporting to other services, when the extra `observability` is installed
    sentry_dsn: SecretStr = SecretStr("")
    """Where errors are reported. Only their types and locations are sent, never user data."""
    otel_exporter_otlp_endpoint: str = Field(default="", pattern=r"^(https?://.+)?$")
    """Where request traces are sent, by OTLP over HTTP: `http://collector:4318`."""

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
        """The configured access token secrets; the first one signs."""
        return [secret.get_secret_value() for secret in (self.jwt_secret, self.jwt_previous_secret) if secret]

    @property
    def api_address(self) -> str:
        return self.api_url.rstrip("/") or f"http://{self.api_host}:{self.api_port}"

    @property
    def public_address(self) -> str:
        return self.public_url.rstrip("/") or self.api_address

    @property
    def webhook_secrets(self) -> list[str]:
        """The configured webhook secrets, newest first."""
        secrets = (self.webhook_secret, self.webhook_previous_secret)
        return [secret.get_secret_value() for secret in secrets if secret]

    @property
    def result_hosts(self) -> frozenset[str]:
        return frozenset(listed(self.enhancer_result_hosts))

    @property
    def media_directory(self) -> Path | None:
        """The directory of a `file:` media URL."""
        scheme, _, path = self.media_url.partition(":")
        return Path(path.removeprefix("//")) if scheme == "file" else None
