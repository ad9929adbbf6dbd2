"""Random visitors of guided search: every measured design gets the same stream."""

import random
from collections.abc import Iterator
from typing import Any

import orjson

from schemas.api.search.guided import GuidedRequest
from schemas.sectors import SECTORS
from schemas.settings import Settings
from search.engine import header_of
from search.guided import state_of

HEADER = header_of(Settings.model_fields["search_timeout_s"].default)
LAKH = 100_000
NARROW_RANGE = 10_000
"""Rupees."""
TYPES = ("apartment", "villa", "independent_house", "builder_floor")
COMMON_TYPES = ("apartment", "builder_floor")


VISITORS = 20_000
"""More than one turn requests even of the engine alone, so that hardly any answer comes from a cache."""


def visitors(seed: int) -> list[dict[str, Any]]:
    """Return fully answered searches in the flat form, which the original design understands as well."""
    rng = random.Random(seed)
    return [_visitor(rng) for _ in range(VISITORS)]


def _visitor(rng: random.Random) -> dict[str, Any]:
    lowest = rng.randint(20, 150) * LAKH
    wanted = {
        "budget_min": lowest,
        "budget_max": lowest + rng.randint(10, 100) * LAKH,
        "property_type": rng.choice(TYPES),
        "bhk": rng.randint(1, 4),
    }
    if rng.random() < 0.5:
        wanted["localities"] = [fact.locality for fact in rng.sample(SECTORS, 3)]
    return wanted


def as_json(seed: int, **more: Any) -> list[bytes]:
    return [orjson.dumps(visitor | more) for visitor in visitors(seed)]


def as_msearch(seed: int) -> list[bytes]:
    """Return the `_msearch` bodies that the API sends to OpenSearch for the same visitors."""
    return [b"".join(_lines(GuidedRequest.model_validate(visitor))) for visitor in visitors(seed)]


def _lines(request: GuidedRequest) -> Iterator[bytes]:
    for body in state_of(request.search()).bodies(with_counts=True):
        yield HEADER + b"\n" + orjson.dumps(body) + b"\n"


def searches(seed: int) -> list[dict[str, Any]]:
    """Return the same visitors' searches as faceted searches."""
    return [_search(visitor) for visitor in visitors(seed)]


def _search(visitor: dict[str, Any]) -> dict[str, Any]:
    price = {"min": visitor["budget_min"], "max": visitor["budget_max"]}
    localities = {"locality": visitor["localities"]} if "localities" in visitor else {}
    return {"price": price, "property_type": visitor["property_type"], "bhk": visitor["bhk"]} | localities


def broad_searches(seed: int) -> list[dict[str, Any]]:
    """Return searches that match a large part of all listings: a type, one or two bedrooms, a price cap."""
    rng = random.Random(seed)
    return [_broad(rng) for _ in range(VISITORS)]


def _broad(rng: random.Random) -> dict[str, Any]:
    bedrooms = sorted({rng.randint(1, 4), rng.randint(1, 4)})
    cap = rng.randint(40, 600) * LAKH
    return {"price": {"max": cap}, "property_type": rng.choice(COMMON_TYPES), "bhk": bedrooms}


def thin_searches(seed: int) -> list[dict[str, Any]]:
    """Return searches that find hardly anything, even among a million listings."""
    rng = random.Random(seed)
    return [_thin(rng) for _ in range(VISITORS)]


def _thin(rng: random.Random) -> dict[str, Any]:
    search = _search(_visitor(rng))
    lowest = search["price"]["min"]
    return search | {
        "price": {"min": lowest, "max": lowest + NARROW_RANGE},
        "locality": [rng.choice(SECTORS).locality],
    }


def viewports(seed: int) -> list[dict[str, Any]]:
    """Return map requests for parts of Noida, half of them with a filter."""
    rng = random.Random(seed)
    return [_viewport(rng) for _ in range(VISITORS)]


def _viewport(rng: random.Random) -> dict[str, Any]:
    zoom = rng.randint(11, 16)
    side = 0.4 / 2 ** (zoom - 11)
    south, west = rng.uniform(28.45, 28.62), rng.uniform(77.3, 77.45)
    box = {"south": south, "west": west, "north": south + side, "east": west + side}
    return {"zoom": zoom, "geo": {"box": box}} | ({"bhk": rng.randint(1, 4)} if rng.random() < 0.5 else {})


def words(seed: int) -> list[str]:
    """Return partly typed names of sectors, and of societies like those of the demo."""
    rng = random.Random(seed)
    begun = [f"sector {fact.sector}"[: rng.randint(6, 11)] for fact in SECTORS]
    named = [letters + rng.choice("aeiou") for letters in ("gr", "l", "n", "p", "sh", "m", "j", "k", "v")]
    return [rng.choice(begun if rng.random() < 0.5 else named) for _ in range(VISITORS)]
