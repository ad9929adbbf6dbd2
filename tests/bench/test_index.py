"""The variants of an index differ from ours in what they are named for, and in nothing else."""

from typing import Any

from bench.harness.load import Measured
from bench.index import OURS, VARIANTS, ratios
from indexer.lifecycle.generations import index_body
from schemas.settings import Settings


def differences(settings: Settings) -> dict[str, dict[str, object]]:
    """By variant, what is not ours; None where it leaves something out."""
    usual = flat(index_body(settings))
    found = {}
    for variant in VARIANTS:
        own = flat(variant.body(settings))
        names = usual.keys() | own.keys()
        found[variant.name] = {name: own.get(name) for name in names if own.get(name) != usual.get(name)}
    return found


def flat(body: dict[str, Any]) -> dict[str, object]:
    return body["settings"]["index"] | body["mappings"]["properties"]


def test_each_variant_changes_or_leaves_out_what_it_says():
    by_type = ["is_active", "listing_type", "property_type", "bhk"]
    assert differences(Settings()) == {
        OURS: {},
        "not sorted": {"sort.field": None, "sort.order": None},
        "sorted without the price": {"sort.field": by_type, "sort.order": ["desc", "asc", "asc", "asc"]},
        "refreshes wait for merges": {"merge_on_flush.enabled": True},
        "no request cache": {"requests.cache.enable": False},
        "compressed for size": {"codec": "best_compression"},
        "two shards": {"number_of_shards": 2},
        "price by points": {"price": {"type": "long"}},
        "not merged": {},
    }


def test_ratios_are_of_the_same_row_of_ours():
    def row(name: str, p50_ms: float) -> Measured:
        return Measured(name, p50_ms, p50_ms, p50_ms, 1.0)

    rows = [
        row("ours: filling", 10),
        row("ours: narrow", 4),
        row("not sorted: filling", 9),
        row("not sorted: narrow", 6),
    ]
    assert ratios(rows) == {"not sorted: filling, over ours": 0.9, "not sorted: narrow, over ours": 1.5}
