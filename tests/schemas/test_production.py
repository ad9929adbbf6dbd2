"""Production starts with complete settings, and names the missing ones otherwise."""

import pytest
from pydantic import ValidationError

from schemas.production import faults
from schemas.settings import Settings

STRONG = "0123456789abcdef0123456789abcdef"
FIT = {
    "environment": "production",
    "jwt_secret": STRONG,
    "webhook_secret": STRONG,
    "queue_secret": STRONG,
    "metrics_token": STRONG,
    "serve_docs": False,
    "trusted_proxy_cidrs": "10.0.0.0/8",
    "database_url": "postgresql://casa:hush@db.example/casa?sslmode=verify-full",
    "opensearch_url": "https://casa:hush@search.example:9200",
    "redis_url": "rediss://:hush@redis.example:6379/0",
}


def test_production_starts_with_all_that_it_needs():
    assert faults(Settings(**FIT)) == []
    assert Settings(**FIT | {"trusted_proxy_cidrs": "none"}).trusted_proxies == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"jwt_secret": ""}, "JWT_SECRET must be set"),
        ({"webhook_secret": ""}, "WEBHOOK_SECRET must be set"),
        ({"queue_secret": "short"}, "QUEUE_SECRET must have at least 32 bytes"),
        ({"jwt_previous_secret": "short"}, "JWT_PREVIOUS_SECRET must have at least 32 bytes"),
        ({"metrics_token": ""}, "METRICS_TOKEN must be set"),
        ({"serve_docs": True}, "SERVE_DOCS must be false"),
        ({"password_cost": 10}, "PASSWORD_COST must be at least 12"),
        ({"trusted_proxy_cidrs": ""}, "TRUSTED_PROXY_CIDRS must name"),
        ({"enhancer_local_origin": "http://127.0.0.1:1"}, "ENHANCER_LOCAL_ORIGIN is for development only"),
        (
            {"database_url": "postgresql://casa:hush@db.example/casa"},
            "DATABASE_URL must have sslmode=verify-full",
        ),
        ({"database_url": "postgresql://db.example/c?sslmode=require"}, "DATABASE_URL must have"),
        ({"opensearch_url": "http://casa:hush@search.example:9200"}, "OPENSEARCH_URL must be https://"),
        (
            {"opensearch_url": f"{FIT['opensearch_url']}, https://b.example"},
            "OPENSEARCH_URL must be https://",
        ),
        ({"redis_url": "redis://:hush@redis.example"}, "REDIS_URL must be rediss://"),
        ({"redis_url": "rediss://redis.example"}, "REDIS_URL must be rediss://"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_shown(change, named):
    with pytest.raises(ValidationError) as refusal:
        Settings(**FIT | change)
    said = str(refusal.value)
    assert named in said
    assert not any(secret in said for secret in (STRONG, "hush", "short"))
    assert Settings(**FIT | change | {"environment": "development"})


def test_everything_is_named_at_once():
    with pytest.raises(ValidationError) as refusal:
        Settings(environment="production")
    said = str(refusal.value)
    assert all(name in said for name in ("JWT_SECRET", "QUEUE_SECRET", "DATABASE_URL", "REDIS_URL"))


def test_on_a_network_of_our_own_stores_need_no_cipher():
    plain = {
        "database_url": "postgresql://db/casa",
        "redis_url": "redis://redis",
        "opensearch_url": "http://search",
    }
    assert faults(Settings(**FIT | plain | {"stores_on_private_network": True})) == []


@pytest.mark.parametrize(
    "origin", ["*", "www.example.com", "https://a.example/", "https://a.example/x", "ftp://a.example"]
)
def test_an_origin_is_a_scheme_and_a_host(origin):
    with pytest.raises(ValidationError, match="cors_origins"):
        Settings(cors_origins=origin)
