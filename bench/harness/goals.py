"""The bounds that the ratios of a bench are held to."""

from collections.abc import Mapping
from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True)
class Goal:
    """A bound, and the number of listings from which it applies."""

    bound: float
    is_ceiling: bool
    listings: int = 0

    def is_met(self, ratio: float) -> bool:
        return ratio <= self.bound if self.is_ceiling else ratio >= self.bound

    def __str__(self) -> str:
        return f"at {'most' if self.is_ceiling else 'least'} {self.bound:g}"


def at_most(bound: float, *, listings: int = 0) -> Goal:
    return Goal(bound, is_ceiling=True, listings=listings)


def at_least(bound: float, *, listings: int = 0) -> Goal:
    return Goal(bound, is_ceiling=False, listings=listings)


GOALS: Mapping[str, Goal] = {
    # guided, search
    "api_over_bare": at_least(0.8),
    "api_over_peer": at_least(2.5),
    "api_without_counts_over_peer": at_least(5),
    "worker_memory_over_150_mb": at_most(1),
    "faceted_over_hits_p50": at_most(1.8),
    "faceted_over_hits_throughput": at_least(0.45),
    "one_request_over_faceted_p50": at_least(8, listings=MILLION),
    "cached_over_hello": at_least(0.4),
    "suggest_p95_over_hits_p95": at_most(1),
    "thin_over_plain_p50": at_most(2),
    # market
    "comparison_over_hits_p50": at_most(2.5),
    "pass_over_30_s": at_most(1),
    "pass_over_1500_mb": at_most(1),
    # import
    "new rows over 1,700/s": at_least(1),
    "the same rows again over 1,700/s": at_least(1),
    # reader
    "median_over_0_3_ms": at_most(1),
    "p99_over_1_ms": at_most(1),
    # admin, leads, logins
    "create_p50_over_15_ms": at_most(1),
    "change_p50_over_15_ms": at_most(1),
    "list_p95_over_50_ms": at_most(1),
    "last_page_p95_over_50_ms": at_most(1),
    "text_p95_over_50_ms": at_most(1),
    "p95_over_60_ms": at_most(1),
    "largest_stall_over_50_ms": at_most(1),
    # images
    "pillow_over_child_p50": at_least(3),
    "child_over_250_mb": at_most(1),
    # sync
    "reindex_over_raw_bulk": at_least(0.75),
    "lag_p50_ms": at_most(40),
    "lag_p99_ms": at_most(150),
    "verify_s": at_most(5),
    "search_p95_reindex_over_idle": at_most(2),
    "rss_over_100k": at_most(1.2),
}
"""By the name of the ratio. A ratio without a goal is printed for what it is."""
